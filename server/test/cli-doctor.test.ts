// The doctor says what is wrong and what to do, changes nothing and shows no secret.
// Takes: 20 s
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { after, test } from "node:test";
import { type RunOptions, type WorkFolder, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import { startSpeechServer } from "./speech-server.ts";
import { startServer } from "./start-server.ts";

type Finding = {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  readonly remedy: string | null;
};

/** Engines of this machine take a second to start; the first test is about those. */
const speech = await startSpeechServer();
after(() => speech[Symbol.asyncDispose]());
const SPEECH = { STT_BASE_URL: speech.baseUrl, TTS_BASE_URL: speech.baseUrl };

async function examine(folder: WorkFolder, environment: Record<string, string> = {}) {
  const port = String(await freePort());
  const options: RunOptions = { environment: { PORT: port, ...SPEECH, ...environment } };
  const { code, stdout, stderr } = await folder.run(["doctor", "--json"], options);
  assert.equal(stderr, "");
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assert.equal(code, ok ? 0 : 1);
  assert.equal(
    ok,
    findings.every(({ status }) => status !== "fail"),
  );
  for (const { status, remedy } of findings)
    assert.equal(status === "ok", remedy === null, "whatever is wrong has a remedy");
  return findings;
}

const about = (findings: readonly Finding[], check: string): string =>
  findings
    .filter((finding) => finding.check === check)
    .map(({ status, message, remedy }) => `${status}: ${message}${remedy ? ` → ${remedy}` : ""}`)
    .join("\n");

test("a fresh install is well, and stays untouched", async () => {
  await using folder = await workFolder();
  const { code, stdout } = await folder.run(["doctor"], {
    environment: { PORT: String(await freePort()) },
  });
  assert.equal(code, 0);
  for (const words of [
    /^ok {4}Node +24\./m,
    /^ok {4}settings /m,
    /^ok {4}\.env +none in this folder/m,
    /^ok {4}clock /m,
    /^ok {4}DATA_DIR +.*does not exist yet; the first start makes it$/m,
    /^ok {4}speech +/m,
    /^warn {2}access +no key was ever made: programs of this machine are served without one, and nobody else is; but a proxy .* \(HOST=0\.0\.0\.0 also listens/m,
    /^ok {4}server +none is running at http:\/\/127\.0\.0\.1:\d+$/m,
    /^warn {2}model +no provider is connected: the built-in model answers.*\n +→ set OPENROUTER_API_KEY/m,
    /\n0 failures, 2 warnings\.\n$/,
  ])
    assert.match(stdout, words);
  assert.ok(!stdout.includes("\u001b"), "no colours where there is no terminal");
  assert.deepEqual(await readdir(folder.path), []);
});

test("a running server with a model and a key is well", async () => {
  await using folder = await workFolder();
  const port = await freePort();
  await using server = await startServer({
    directory: folder.data,
    environment: { PORT: String(port) },
  });
  await folder.run(["keys", "create", "--quiet"]);
  const settings = { PORT: String(port), OPENAI_BASE_URL: server.model.url, MODEL: "test-model" };
  const findings = await examine(folder, settings);
  assert.match(
    about(findings, "server"),
    /^ok: runs at http:\/\/127\.0\.0\.1:\d+, version .*, healthy$/,
  );
  assert.match(about(findings, "store"), /^ok: opens and answers: 0 conversations, 0 messages$/);
  assert.match(
    about(findings, "access"),
    /^ok: by key: 1 working key, 1 of them an operator's; 0 revoked$/,
  );
  assert.match(about(findings, "model"), /^ok: openai answers, and offers 1 model$/);
  assert.match(about(findings, "MODEL"), /^ok: test-model is offered$/);

  await using elsewhere = await workFolder();
  assert.match(
    about(await examine(elsewhere, settings), "server"),
    /^warn: the one that runs at .* uses another data folder/,
  );
  const { PORT: _, ...otherPort } = settings;
  assert.match(
    about(await examine(folder, otherPort), "server"),
    /^warn: a server uses the data folder, but none answers/,
  );
});

test("every mistake in the settings is told at once", async () => {
  await using folder = await workFolder();
  const findings = await examine(folder, {
    PORT: "eighty",
    TRUST_PROXY: "everyone",
    DATABASE_URL: "mysql://user:hunter2@db/x",
  });
  assert.match(
    about(findings, "settings"),
    /^fail: TRUST_PROXY.*\nfail: PORT.*\nfail: DATABASE_URL/s,
  );
  assert.ok(!JSON.stringify(findings).includes("hunter2"));
});

test("settings that are allowed, and dangerous, are warned of", async () => {
  await using folder = await workFolder();
  const findings = await examine(folder, {
    CORS_ORIGINS: "*",
    DEBUG: "true",
    RATE_LIMITS: "off",
    PUBLIC_URL: "http://chat.example.com",
    TRUST_PROXY: "0.0.0.0/0",
  });
  for (const check of ["CORS_ORIGINS", "DEBUG", "RATE_LIMITS", "PUBLIC_URL", "TRUST_PROXY"])
    assert.match(about(findings, check), /^warn: /, check);
  assert.match(
    about(findings, "access"),
    /^warn: no key was ever made.*though PUBLIC_URL or TRUST_PROXY is set → \.\/colloquy keys create/,
  );
});

test("servers that share a database and no folder for files are warned of", async () => {
  await using folder = await workFolder();
  const shared = {
    REDIS_URL: "redis://127.0.0.1:9",
    DATABASE_URL: "postgres://nobody@127.0.0.1:9/none",
  };
  assert.match(about(await examine(folder, shared), "FILES_SHARED"), /^warn: .*take no files/);
  const findings = await examine(folder, { ...shared, FILES_SHARED: "true" });
  assert.ok(!findings.some(({ check }) => check === "FILES_SHARED"));
});

test("who is served is told, claimed or not", async () => {
  await using folder = await workFolder();
  assert.match(
    about(await examine(folder, { HOST: "127.0.0.1" }), "access"),
    /^warn: no key was ever made.*a proxy or tunnel on this machine.*root and hides itself lets everybody in.* → \.\/colloquy keys create/,
  );
  const open = about(await examine(folder, { AUTH_ANONYMOUS: "open" }), "AUTH_ANONYMOUS");
  assert.match(open, /^warn: .*whoever reaches this server may chat without a key/);
  const key = (await folder.run(["keys", "create", "--quiet"])).stdout.trim();
  const anonymous = await examine(folder, { AUTH_ANONYMOUS: "loopback" });
  assert.match(
    about(anonymous, "AUTH_ANONYMOUS"),
    /^warn: no program of this machine that runs as the server's own user or root needs a key/,
  );
  assert.match(
    about(
      await examine(folder, { AUTH_ANONYMOUS: "loopback", PUBLIC_URL: "https://chat.example.com" }),
      "AUTH_ANONYMOUS",
    ),
    /^warn: .*a proxy on this machine/,
  );
  await folder.run(["keys", "revoke", key]);
  assert.match(
    about(await examine(folder), "access"),
    /^fail: every key is revoked, so nobody is served → \.\/colloquy keys create/,
  );
  assert.match(
    about(await examine(folder, { AUTH_ANONYMOUS: "loopback" }), "access"),
    /^warn: every key is revoked: only programs of this machine/,
  );
  await folder.run(["keys", "create"]);
  assert.match(about(await examine(folder), "access"), /^ok: .*\nwarn: no key is an operator's/);
});

test("a data folder that others may see, that is none or that is damaged", async () => {
  await using folder = await workFolder();
  await writeFile(folder.data, "");
  assert.match(about(await examine(folder), "DATA_DIR"), /^fail: .*data is not a folder/);

  const open = { DATA_DIR: folder.file("open") };
  await mkdir(open.DATA_DIR, { mode: 0o755 });
  await chmod(open.DATA_DIR, 0o755);
  assert.match(
    about(await examine(folder, open), "DATA_DIR"),
    /^warn: other users .*\(mode 0755\) → chmod 700 '/,
  );
  assert.deepEqual(await readdir(open.DATA_DIR), [], "nothing is made in it");

  await folder.run(["keys", "create"], { environment: open });
  const database = folder.file("open/colloquy.db");
  const future = new Date(Date.now() + 86_400_000);
  await utimes(database, future, future);
  assert.match(about(await examine(folder, open), "clock"), /^warn: .*it went back/);
  await writeFile(database, Buffer.alloc(8192, "not a database "));
  assert.match(
    about(await examine(folder, open), "store"),
    /^fail: The database file is not a SQLite database/,
  );
});

test("a data folder of another user is not looked into", {
  skip: process.getuid?.() !== 0,
}, async () => {
  await using folder = await workFolder();
  await mkdir(folder.data, { mode: 0o700 });
  const { chown } = await import("node:fs/promises");
  await chown(folder.data, 12_345, 12_345);
  assert.match(
    about(await examine(folder), "DATA_DIR"),
    /^warn: .*belongs to another user \(uid 12345; this is 0\).*sudo -u '#12345'/,
  );
  assert.deepEqual(await readdir(folder.data), []);
});

test("a port that another program has", async () => {
  await using folder = await workFolder();
  const others = [
    createServer((_, response) => response.end("hello")),
    createSocketServer((socket) => socket.end("SSH-2.0-other\r\n")),
  ];
  for (const other of others) {
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    assert.match(
      about(await examine(folder, { PORT: String(port) }), "server"),
      /^fail: another program answers at .*choose another port/,
    );
    other.close();
  }
});

test("models that cannot be reached or are not offered; no secret is shown", async () => {
  await using folder = await workFolder();
  await using model = await startModelServer({
    listing: { object: "list", data: [{ id: "llama-3.3-70b" }, { id: "qwen-3-32b" }] },
  });
  const secret = "sk-very-secret-0123456789";
  await writeFile(folder.file(".env"), `OPENAI_API_KEY=${secret}\n`);
  await chmod(folder.file(".env"), 0o644);
  const withPassword = model.url.replace("http://", "http://joe:hunter2@");
  const findings = await examine(folder, {
    OPENAI_BASE_URL: withPassword,
    MODEL: "llama-3.1-70b",
    MODEL_FALLBACKS: "qwen-3-32b, nonsense",
  });
  assert.match(about(findings, ".env"), /^warn: other users .*\(mode 0644\).*→ chmod 600 \.env$/);
  assert.match(
    about(findings, "MODEL"),
    /^warn: llama-3\.1-70b is in no provider's list → set MODEL to one that is, such as llama-3\.3-70b/,
  );
  assert.match(
    about(findings, "MODEL_FALLBACKS"),
    /^ok: qwen-3-32b is offered\nwarn: nonsense is in no provider's list/,
  );

  const limited = { OPENAI_BASE_URL: withPassword, MODEL: "qwen-3-32b" };
  assert.equal(
    about(await examine(folder, { ...limited, MODELS: "qwen-*" }), "MODELS"),
    "ok: means 1 model of 3",
  );
  assert.match(
    about(await examine(folder, { ...limited, MODELS: "openai/llama-*, gtp-4*" }), "MODELS"),
    /^ok: means 1 model of 3\nwarn: matches no model that is offered: gtp-4\*.*\nwarn: leaves out MODEL=qwen-3-32b, which may be used all the same/,
  );

  const down = await examine(folder, {
    OPENAI_BASE_URL: `http://joe:hunter2@127.0.0.1:${await freePort()}/v1`,
    MODEL: "x",
  });
  assert.match(
    about(down, "model"),
    /^fail: .*openai.* → check the address and the key of openai$/,
  );
  await using refusing = await startModelServer({
    listingStatus: 401,
    listing: { error: { message: `Incorrect API key provided: ${secret}` } },
  });
  const refused = await examine(folder, { OPENAI_BASE_URL: refusing.url, MODEL: "x" });
  assert.match(about(refused, "model"), /^fail: /);
  assert.match(
    about(
      await examine(folder, { MODEL: "gpt-5", OPENAI_BASE_URL: "", OPENAI_API_KEY: "" }),
      "model",
    ),
    /^warn: MODEL=gpt-5 is set, but no provider is connected/,
  );
  for (const shown of [findings, down, refused]) {
    assert.ok(!JSON.stringify(shown).includes(secret));
    assert.ok(!JSON.stringify(shown).includes("hunter2"));
  }
  assert.equal((await stat(folder.file(".env"))).mode & 0o777, 0o644, "the doctor changes nothing");
});
