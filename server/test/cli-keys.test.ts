// Keys are made, shown and revoked by the command, and a server follows.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, type WorkFolder, workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";

const KEY = /^ck_[\w-]{43}$/;
const PATH = "/v1/chat/conversations";

async function create(folder: WorkFolder, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await folder.run(["keys", "create", "--quiet", ...options]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  const key = stdout.slice(0, -1);
  assert.match(key, KEY);
  return key;
}

const statusOf = async (
  url: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<number> =>
  (await fetch(url, { headers: { authorization: `Bearer ${key}`, ...headers } })).status;

test("the first key claims a running server: others are refused, its holder is served", async () => {
  await using folder = await workFolder();
  await using server = await startServer({ directory: folder.data, builtIn: true });
  const url = `${server.url}${PATH}`;
  assert.equal(await statusOf(url, "anything"), 200, "unclaimed, this machine needs no key");

  const { code, stdout, stderr } = await folder.run(["keys", "create", "--name", "laptop"]);
  assert.equal(code, 0, stderr);
  const key = stdout.trim();
  assert.match(key, KEY);
  assert.match(stderr, /first key/);
  assert.match(stderr, /claimed now/);
  assert.match(
    stderr,
    /curl -H "Authorization: Bearer \$KEY" http:\/\/localhost:8000\/v1\/chat\/conversations/,
  );
  assert.ok(!stderr.includes(key), "the key is on standard output alone");

  await eventually(async () => (await statusOf(url, "anything")) === 401);
  assert.equal((await fetch(url)).status, 401);
  assert.equal(await statusOf(url, key), 200);
  assert.equal(await statusOf(`${server.url}/metrics`, key), 200, "the first key is an operator's");

  const second = await create(folder);
  assert.equal(await statusOf(url, second), 200);
  assert.equal(
    await statusOf(`${server.url}/metrics`, second),
    403,
    "later keys are no operator's",
  );
  assert.equal(await statusOf(`${server.url}/metrics`, await create(folder, "--operator")), 200);
});

test("a key speaks for its user alone, with --act-as for all of its tenant", async () => {
  await using folder = await workFolder();
  await using server = await startServer({ directory: folder.data, builtIn: true });
  const url = `${server.url}${PATH}`;
  const alice = await create(folder, "--user", "alice");
  const backend = await create(folder, "--act-as");
  const elsewhere = await create(folder, "--tenant", "other", "--user", "alice");

  assert.equal(await statusOf(url, alice, { "x-user-id": "bob" }), 403);
  assert.equal(await statusOf(url, backend, { "x-user-id": "alice" }), 200);
  const made = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${alice}`, "content-type": "application/json" },
    body: '{"title":"mine"}',
  });
  assert.equal(made.status, 201);
  const titlesFor = async (key: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}`, ...headers } });
    return ((await response.json()) as { data: { title: string }[] }).data.map(
      ({ title }) => title,
    );
  };
  assert.deepEqual(await titlesFor(backend, { "x-user-id": "alice" }), ["mine"]);
  assert.deepEqual(await titlesFor(elsewhere), [], "another tenant's alice is somebody else");
});

test("a revoked key opens nothing, on a running server too, and the server stays claimed", async () => {
  await using folder = await workFolder();
  await using server = await startServer({ directory: folder.data, builtIn: true });
  const url = `${server.url}${PATH}`;
  const key = await create(folder, "--name", "one");
  const other = await create(folder, "--name", "two");
  assert.equal(await statusOf(url, key), 200);

  const revoked = await folder.run(["keys", "revoke", `${key.slice(0, 11)}…`]);
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.equal(revoked.stdout, `${key.slice(0, 11)}… (one) is revoked.\n`);
  await eventually(async () => (await statusOf(url, key)) === 401);
  assert.equal(await statusOf(url, other), 200);

  const again = await folder.run(["keys", "revoke", key]);
  assert.equal(again.code, 0);
  assert.match(again.stderr, /revoked already/);

  const last = await folder.run(["keys", "revoke", other]);
  assert.match(last.stderr, /No key is left that works/);
  await eventually(async () => (await statusOf(url, other)) === 401);
  assert.equal(await statusOf(url, "anything"), 401, "claimed for good");
});

test("keys list shows every key and gives none away", async () => {
  await using folder = await workFolder();
  const nothing = await folder.run(["keys", "list"]);
  assert.equal(nothing.code, 0);
  assert.match(nothing.stderr, /No key was ever made/);
  await assert.rejects(stat(folder.data), "looking makes no data folder");

  const key = await create(
    folder,
    "--name",
    "shop",
    "--user",
    "alice",
    "--tenant",
    "shop",
    "--act-as",
    "--models",
    "openai/gpt-4o*, ollama/*",
  );
  assert.equal((await stat(folder.data)).mode & 0o777, 0o700);
  const { stdout } = await folder.run(["keys", "list"]);
  const [heading, row] = stdout.split("\n");
  assert.match(
    heading ?? "",
    /^KEY +NAME +TENANT +USER +ACT-AS +OPERATOR +MODELS +CREATED +REVOKED$/,
  );
  assert.match(
    row ?? "",
    new RegExp(
      `^${key.slice(0, 11)}… +shop +shop +alice +yes +yes +openai/gpt-4o\\*,ollama/\\* +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +-$`,
    ),
  );

  const asJson = await folder.run(["keys", "list", "--json"]);
  const [listed] = JSON.parse(asJson.stdout) as Record<string, unknown>[];
  assert.deepEqual(Object.keys(listed ?? {}).toSorted(), [
    "actAs",
    "createdAt",
    "id",
    "isOperator",
    "models",
    "name",
    "prefix",
    "revokedAt",
    "tenantId",
    "userId",
  ]);
  for (const text of [stdout, asJson.stdout]) assert.ok(!text.includes(key));
  for (const name of await readdir(folder.data))
    assert.ok(
      !(await readFile(join(folder.data, name))).includes(key),
      `${name} holds only the hash`,
    );
});

test("what is not meant clearly is not done", async () => {
  await using folder = await workFolder();
  const noneYet = await folder.run(["keys", "revoke", "ck_12345678"]);
  assert.equal(noneYet.code, 1);
  assert.match(noneYet.stderr, /No key was ever made/);
  const key = await create(folder);
  await create(folder);
  const ids = (
    JSON.parse((await folder.run(["keys", "list", "--json"])).stdout) as { id: string }[]
  ).map(({ id }) => id);
  const ambiguous = await folder.run(["keys", "revoke", ids[0]!.slice(0, 4)]);
  assert.equal(ambiguous.code, 1);
  for (const id of ids) assert.ok(ambiguous.stderr.includes(id), "it says between which");
  const unknown = await folder.run(["keys", "revoke", `ck_${"x".repeat(43)}`]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /There is no key 'ck_xxxxxxxx…'/);

  for (const [args, words] of [
    [["keys"], /colloquy keys create/],
    [["keys", "make"], /no command 'keys make'/],
    [["keys", "revoke"], /Say which key/],
    [["keys", "revoke", "ck_"], /Say which key/],
    [["keys", "create", "--usr", "x"], /Unknown option '--usr'/],
    [["keys", "create", "--user"], /--user.*argument missing/],
    [["keys", "create", "--user", " "], /--user must not be empty/],
    [["keys", "create", "--name", "x".repeat(300)], /--name is too long/],
    [["keys", "create", "laptop"], /'laptop' is one argument too many/],
  ] as const) {
    const { code, stdout, stderr } = await folder.run(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, words);
  }
  const list = (await folder.run(["keys", "list"])).stdout;
  assert.equal(
    list.split("\n").filter((line) => line.startsWith("ck_")).length,
    2,
    "none was made or revoked by mistake",
  );
  assert.ok(list.includes(key.slice(0, 11)));
});
