// `colloquy serve --replicas`: several processes on one port, supervised, replaced one by one and ended together.
// Runs: waiting
// Takes: 25 s
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { constants, copyFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import { allEvents, caller, eventsOf, textOf } from "./chat-v1-client.ts";
import { eventually, workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import { skipWithoutReplicas } from "./replicas.ts";
import { startProcess } from "./server-process.ts";
import { createDatabase, sharedRedisUrl } from "./services.ts";

const skip = skipWithoutReplicas();
const PATIENCE_MS = 60_000;
const CLOSE = { connection: "close" };

async function startServe(count: number) {
  await using opened = new AsyncDisposableStack();
  const { path, data, run, file } = opened.use(await workFolder());
  const program = file("node");
  await copyFile(process.execPath, program, constants.COPYFILE_FICLONE);
  const database = opened.use(await createDatabase());
  const model = opened.use(await startModelServer({ record: false }));
  const made = await run(["keys", "create", "--quiet", "--operator"], {
    environment: { DATABASE_URL: database.url },
  });
  const started = await startProcess(
    {
      PORT: String(await freePort()),
      HOST: "127.0.0.1",
      DATA_DIR: data,
      DATABASE_URL: database.url,
      REDIS_URL: await sharedRedisUrl(),
      REDIS_PREFIX: `${basename(path)}:`,
      RATE_LIMITS: "off",
      LOG_LEVEL: "error",
      OPENAI_BASE_URL: model.url,
      MODEL: "scripted",
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
    },
    ["--replicas", String(count)],
    program,
  );
  opened.use(started);
  const untilSaid = async (pattern: RegExp) => {
    await eventually(async () => pattern.test(started.output()), PATIENCE_MS);
    return pattern.exec(started.output()) ?? [];
  };
  const [, list = ""] = await untilSaid(/replicas \d+ \(processes (.*)\)/);
  const resources = opened.move();
  return {
    ...started,
    program,
    key: made.stdout.trim(),
    untilSaid,
    pids: (list.match(/\d+/g) ?? []).map(Number),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
const untilGone = (pid: number) => eventually(async () => !isThere(pid), PATIENCE_MS);

test("[R6] replicas on one port: one that dies is started again, all are replaced one by one without a request refused, and end together", {
  skip,
}, async () => {
  await using server = await startServe(2);
  const { open, call } = caller(server.url, server.key);
  assert.equal(server.pids.length, 2);

  // Each request comes by a connection of its own, and so to one replica after the other.
  const [id] = await Promise.all(
    Array.from(
      { length: 6 },
      async () => (await call("/conversations", { method: "POST", headers: CLOSE })).body.data.id,
    ),
  );
  const metrics = await (
    await fetch(`${server.url}/metrics`, {
      headers: { ...CLOSE, authorization: `Bearer ${server.key}` },
    })
  ).text();
  const counted = metrics
    .split("\n")
    .find(
      (line) => line.startsWith("colloquy_http_request_seconds_count") && line.includes('"POST"'),
    );
  assert.match(
    counted ?? metrics,
    /route="\/v1\/chat\/conversations".* 6$/,
    "the metrics are those of both",
  );
  assert.match(metrics, /^colloquy_info\{.*\} 1$/m);

  const [killed = 0, other = 0] = server.pids;
  process.kill(killed, "SIGKILL");
  await server.untilSaid(new RegExp(`Replica 1 \\(process ${killed}\\) ended by SIGKILL`));
  const during = await call("/conversations", { method: "POST", headers: CLOSE });
  assert.equal(during.status, 201, "the other one serves");

  const path = `/conversations/${id}/messages`;
  const stream = await open(`${path}/stream`, {
    body: { content: "{{reply tokens=150 gapMs=20}}" },
    headers: CLOSE,
  });
  const events = allEvents(stream);
  process.kill(server.pid, "SIGUSR2");
  let isReplaced = false;
  const replaced = server
    .untilSaid(/Replica 2 is process (\d+) now, in place of \d+/)
    .finally(() => {
      isReplaced = true;
    });
  let asked = 0;
  while (!isReplaced) {
    const { status } = await call(path, { headers: CLOSE });
    assert.equal(status, 200);
    asked++;
  }
  await replaced;
  assert.ok(asked > 2);
  await untilGone(other);
  const seen = await events;
  assert.deepEqual(
    seen.slice(-2).map(({ type }) => type),
    ["ai_complete", "DONE"],
  );
  const [, reply] = (await call(path, { headers: CLOSE })).body.data;
  assert.equal(reply.status, "complete");
  assert.equal(textOf(seen), reply.content);

  const last = eventsOf(
    await open(`${path}/stream`, {
      body: { content: "{{reply tokens=20 gapMs=20}}" },
      headers: CLOSE,
    }),
  );
  await last.next();
  const rest = (async () => {
    const types: string[] = [];
    for await (const { type } of last) types.push(type);
    return types;
  })();
  assert.equal(await server.terminate(), 0);
  assert.deepEqual((await rest).slice(-2), ["ai_complete", "DONE"], "it was let finish");
  const now = [...server.output().matchAll(/is process (\d+) now/g)].map(([, pid]) => Number(pid));
  for (const pid of now) assert.ok(!isThere(pid));
});

test("[R6] replicas that cannot be replaced go on, and those whose supervisor was killed finish their replies and end", {
  skip,
}, async () => {
  await using server = await startServe(2);
  const { open, newConversation } = caller(server.url, server.key);
  await rm(server.program);
  process.kill(server.pid, "SIGUSR2");
  await server.untilSaid(/A replica cannot be replaced: .*ENOENT/);
  const path = `/conversations/${await newConversation()}/messages/stream`;
  const stream = eventsOf(await open(path, { body: { content: "{{reply tokens=30 gapMs=20}}" } }));
  await stream.next();
  process.kill(server.pid, "SIGKILL");
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  assert.deepEqual(types.slice(-2), ["ai_complete", "DONE"]);
  for (const pid of server.pids) await untilGone(pid);
});

test("what replicas need is said, and one that cannot start says why", { skip }, async () => {
  await using folder = await workFolder();
  const alone = await folder.run(["serve", "--replicas", "2"]);
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /REPLICAS: more than one needs DATABASE_URL and REDIS_URL/);
  await using database = await createDatabase();
  const nobody = await folder.runProcess(["serve", "--replicas", "2"], {
    environment: {
      HOST: "127.0.0.1",
      PORT: String(await freePort()),
      DATABASE_URL: `${database.url}_not_there`,
      REDIS_URL: await sharedRedisUrl(),
    },
  });
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /DATABASE_URL/);
});
