// Twenty-one secrets, told to the server in every way: they are in no log, error, figure, audit, other user's export or last word.
// Runs: waiting
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { COMMAND, COMPILED, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startIssuer } from "./issuer-server.ts";
import { startModelServer } from "./model-server.ts";
import { openSocket } from "./socket-client.ts";
import { clockEnvironment } from "./test-clock.ts";
import { type Answer, send } from "./wire-client.ts";

const secret = (name: string): string => `canary-${name}-${Math.random().toString(36).slice(2)}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Starts a server, which is over when it ends by itself or when that signal aborts. */
function serve(environment: Record<string, string>, signal: AbortSignal) {
  const child = spawn(process.execPath, [COMMAND, "serve"], {
    env: {
      PATH: process.env.PATH,
      ...clockEnvironment,
      NODE_COMPILE_CACHE: COMPILED,
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...{ signal, killSignal: "SIGKILL" as const },
  });
  child.on("error", () => {});
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const closed = once(child, "close");
  return {
    child,
    closed,
    output: () => output,
    /** Resolves once it has said that, or is over. */
    async said(words: string) {
      while (!output.includes(words) && child.exitCode === null)
        await Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), closed]);
      assert.ok(output.includes(words), output);
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

test("21 secrets are in no log, error, figure, audit, other user's export or crash", {
  timeout: 300_000,
}, async ({ signal }) => {
  await using folder = await workFolder();
  await using issuer = await startIssuer();
  await using model = await startModelServer();
  const key = async (...args: string[]) =>
    (await folder.run(["keys", "create", "--quiet", ...args])).stdout.trim();
  const operator = await key("--name", "root");
  const [ann = "", bob = "", revoked = ""] = await Promise.all(
    ["ann", "bob", "eve"].map((user) => key("--user", user)),
  );
  await folder.run(["keys", "revoke", revoked]);
  const token = await issuer.token("carol");
  const past = Math.floor(Date.now() / 1000) - 10;
  const expired = await issuer.token("carol", { claims: { exp: past } });
  const secrets: Record<string, string> = {
    operator,
    ann,
    bob,
    revoked,
    token,
    expired,
    provider: secret("provider"),
    speech: secret("stt"),
    voice: secret("tts"),
    prompt: secret("prompt"),
    message: secret("message"),
    streamed: secret("streamed"),
    reply: secret("reply"),
    said: secret("said"),
    title: secret("title"),
    instructions: secret("instructions"),
    failure: secret("failure"),
    unknown: `ck_${secret("unknown")}`,
    wrong: secret("wrong"),
    typed: secret("typed"),
  };
  const port = await freePort();
  const environment = {
    PORT: String(port),
    HOST: "127.0.0.1",
    DATA_DIR: folder.data,
    LOG_LEVEL: "TRACE",
    RATE_LIMITS: "off",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OPENAI_API_KEY: secrets.provider ?? "",
    STT_BASE_URL: "http://127.0.0.1:9",
    STT_API_KEY: secrets.speech ?? "",
    TTS_BASE_URL: "http://127.0.0.1:9",
    TTS_API_KEY: secrets.voice ?? "",
    SYSTEM_PROMPT: secrets.prompt ?? "",
    ...issuer.environment,
  };
  using server = serve(environment, signal);
  await server.said("Colloquy is running");
  const at = { url: `http://127.0.0.1:${port}`, port };

  /** By request: the headers of its answer, and the text of an error. */
  const answers: Record<string, string> = {};
  const note = (request: string, { status, text, headers }: Answer) => {
    const name = `${Object.keys(answers).length}: ${request}, ${status}`;
    answers[name] = `${status >= 400 ? text : ""}${[...headers].join()}`;
  };
  const call = async (
    ...[method, path, body, credential, status]: [string, string, unknown, string, number]
  ) => {
    const answer = await send(at, method, path, body, bearer(credential));
    note(`${method} ${path}`, answer);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer;
  };
  model.next({ text: secrets.reply ?? "" });
  const chat = await call("POST", "/chat", { message: secrets.message }, ann, 200);
  assert.ok(chat.text.includes(secrets.reply ?? ""));
  const begun = { content: secrets.streamed, title: secrets.title };
  await call("POST", "/v1/chat/conversations/stream", begun, ann, 200);
  const agent = { name: "A", instructions: secrets.instructions };
  await call("POST", "/v1/chat/agents", agent, ann, 201);
  const failing = { message: `{{reply failStatus=500 failTimes=9}} ${secrets.failure}` };
  await call("POST", "/chat", failing, token, 502);
  await call("POST", "/chat", { message: { nested: secrets.wrong } }, ann, 400);
  const list = { title: secrets.title, messages: secrets.wrong };
  await call("POST", "/api/conversations", list, ann, 400);
  await call("POST", "/v1/chat/conversations", `{"title":"${secrets.wrong}"`, ann, 400);
  const id = chat.body.conversation_id;
  const tickets = await call("POST", "/v1/chat/tickets", { conversation_id: id }, ann, 201);
  secrets.ticket = tickets.body.data.ticket;
  assert.equal(Object.keys(secrets).length, 21);
  for (const [path, status] of [
    [`/v1/chat/conversations/${id}/messages/stream`, 200],
    [`/v1/chat/conversations/${id}x/messages/stream`, 403],
    ["/v1/chat/conversations", 401],
    ["/conversations", 401],
    ["/metrics", 401],
    ["/v1/nowhere", 404],
    ["/nowhere", 404],
  ] as const) {
    const answer = await send(at, "GET", `${path}?ticket=${secrets.ticket}`);
    note(`GET ${path} with a ticket`, answer);
    assert.equal(answer.status, status, path);
  }
  for (const credential of [revoked, expired, secrets.unknown ?? "", secrets.wrong ?? ""])
    await call("GET", "/conversations", undefined, credential, 401);
  await call("GET", "/metrics", undefined, ann, 403);
  await call("GET", `/conversations/${id}`, undefined, bob, 404);
  {
    await using socket = await openSocket(at, "/ws?user_id=ann", { headers: bearer(ann) });
    socket.say({ type: "message", content: secrets.said });
    await socket.next();
    await using voice = await openSocket(at, "/ws", { headers: bearer(ann) });
    voice.say({ type: "start_conversation" });
    voice.say({ type: "text_input", text: secrets.typed });
    while ((await voice.next()).type !== "ai_response");
  }
  const figures = (await send(at, "GET", "/metrics", undefined, bearer(operator))).text;
  const health = (await send(at, "GET", "/health")).text;
  const [doctor, audit, listed, theirs, own] = await Promise.all([
    folder.run(["doctor", "--json"], { environment }),
    folder.run(["audit", "--all", "--json"]),
    folder.run(["keys", "list", "--json"]),
    folder.run(["export", "--user", "bob"]),
    folder.run(["export", "--user", "ann"]),
  ]);
  assert.match(theirs.stdout, /"type"/);
  assert.ok(own.stdout.includes(secrets.message ?? ""), "it can be found where it belongs");
  server.child.kill("SIGABRT");
  await server.closed;

  const crashes = await Promise.all(
    [
      { DATABASE_URL: `postgres://u:${secrets.wrong}@127.0.0.1:9/x` },
      { DATABASE_URL: `mysql://u:${secrets.wrong}@127.0.0.1:9/x` },
      { OPENAI_BASE_URL: `ftp://u:${secrets.wrong}@127.0.0.1` },
      { OPENAI_API_KEY: `${secrets.provider} with a blank` },
      { DATA_DIR: "/dev/null/nowhere" },
    ].map(async (broken) => {
      using failing = serve({ ...environment, PORT: "0", ...broken }, signal);
      await failing.closed;
      assert.notEqual(failing.output(), "");
      return failing.output();
    }),
  );

  const places: Record<string, string> = {
    log: server.output(),
    ...answers,
    figures,
    health,
    doctor: doctor.stdout + doctor.stderr,
    audit: audit.stdout,
    "list of keys": listed.stdout,
    "bob's export": theirs.stdout,
    crashes: crashes.join("\n"),
  };
  assert.match(places.log ?? "", /"level":20/, "much was logged");
  const found = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, value]) => text.includes(value))
      .map(([name]) => `${name} in ${place}`),
  );
  assert.deepEqual(found, []);
});
