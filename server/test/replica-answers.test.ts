// Requests of which nothing is kept, sent again to another replica: the answer is bought once.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { redisAnswerExchange } from "../src/adapters/answer-exchanges/redis/answer-exchange.ts";
import { twoReplicas } from "./redis-replicas.ts";
import { sharedRedisUrl } from "./services.ts";
import { startServer } from "./start-server.ts";
import { makeKey, type Server, send } from "./wire-client.ts";

type TestServer = Awaited<ReturnType<typeof startServer>>;

const opened = new AsyncDisposableStack();
let here: TestServer;
let elsewhere: TestServer;
let key: string;
/** Starts one more replica. */
let start: () => Promise<TestServer>;

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const environment = {
    REDIS_URL: await sharedRedisUrl(),
    REDIS_PREFIX: `test:${randomUUID()}:`,
    FILES_SHARED: "true",
  };
  start = () => startServer({ backend: "postgres", directory, environment });
  here = opened.use(await start());
  elsewhere = opened.use(await start());
  key = await makeKey(here, { userId: "a robot", actAs: true });
});
after(() => opened.disposeAsync());

const newUser = () => ({ authorization: `Bearer ${key}`, "x-user-id": randomUUID() });
const counted = (count: number) => ({ "x-stainless-retry-count": String(count) });
const asked = (): number => here.model.requests.length + elsewhere.model.requests.length;

const REQUESTS = [
  ["/v1/chat/completions", { model: "scripted", messages: [{ role: "user", content: "Hello" }] }],
  ["/v1/responses", { model: "scripted", input: "Hello", store: false }],
  ["/v1/responses/compact", { model: "scripted", input: "Hello" }],
] as const;

for (const [path, body] of REQUESTS)
  for (const stream of path.endsWith("compact") ? [false] : [false, true])
    test(`[OX3] [OC9] ${path}${stream ? ", streamed," : ""} that is sent again to another replica is answered once, by key and by count`, async () => {
      const user = newUser();
      const post = (server: Server, headers: object, more: object = {}) =>
        send(server, "POST", path, { ...body, stream, ...more }, { ...user, ...headers });
      const before = asked();
      const first = await post(here, counted(0));
      assert.equal(first.status, 200, first.text);
      for (const server of [elsewhere, here, elsewhere])
        assert.equal((await post(server, counted(1))).text, first.text);
      assert.equal(asked(), before + 1);

      const later = await post(elsewhere, counted(0));
      assert.notEqual(later.text, first.text, "a request that is no repeat is asked");
      assert.equal((await post(here, counted(2))).text, later.text, "and the latest is repeated");
      assert.equal(asked(), before + 2);

      const named = { "idempotency-key": randomUUID() };
      const answers = await Promise.all(
        [here, elsewhere, here].map((server) => post(server, named)),
      );
      for (const { text } of answers) assert.equal(text, answers[0]?.text);
      assert.equal(asked(), before + 3, "of several at once, one asks");
      const other = await post(elsewhere, named, { temperature: 1 });
      assert.deepEqual([other.status, other.body.error.code], [409, "idempotency_key_in_use"]);
      const stranger = await send(
        elsewhere,
        "POST",
        path,
        { ...body, stream },
        {
          ...newUser(),
          ...named,
        },
      );
      assert.notEqual(stranger.text, answers[0]?.text, "a key is its user's own");
      const { conversation, message } = await here.store.countRecords();
      assert.deepEqual([conversation, message], [0, 0]);
    });

const [[PATH, BODY]] = REQUESTS;
const complete = (server: Server, headers: object, more: object = {}) =>
  send(server, "POST", PATH, { ...BODY, ...more }, { ...headers });

test("[OX3] a client that loses its connection before the answer gets the answer from another replica, while the model goes on", async () => {
  const user = newUser();
  here.model.forget();
  here.model.next({ text: "worth the wait", hold: 1 });
  const before = asked();
  const leaving = new AbortController();
  const lost = fetch(`${here.url}${PATH}`, {
    method: "POST",
    headers: { ...user, ...counted(0), "content-type": "application/json" },
    body: JSON.stringify(BODY),
    signal: leaving.signal,
  });
  await here.model.held();
  leaving.abort();
  await assert.rejects(lost);
  const again = complete(elsewhere, { ...user, ...counted(1) });
  const together = complete(elsewhere, { ...user, ...counted(2) });
  const there = complete(here, { ...user, ...counted(2) });
  here.model.release();
  const [answer, ...others] = await Promise.all([again, together, there]);
  assert.equal(answer.body.choices[0].message.content, "worth the wait");
  for (const { body } of others) assert.equal(body.id, answer.body.id);
  assert.equal(asked(), before + 1);
});

test("[OX3] what failed is asked again on another replica, and a failure that two wait for is told to both", async () => {
  const user = newUser();
  here.model.forget();
  here.model.next({ failStatus: 400 });
  assert.equal((await complete(here, { ...user, ...counted(0) })).status, 400);
  assert.equal((await complete(elsewhere, { ...user, ...counted(1) })).status, 200);

  const named = { ...newUser(), "idempotency-key": randomUUID() };
  here.model.next({ text: "cut off here", hold: 2, cut: 2 });
  const first = complete(here, named);
  await here.model.held();
  const before = asked();
  const waiting = complete(elsewhere, named);
  // Whether the other replica reads along by then, or asks for itself, nobody is told half an answer.
  here.model.release();
  assert.equal((await first).status, 502);
  const { status, body } = await waiting;
  assert.ok(status === 502 || (status === 200 && asked() === before + 1), JSON.stringify(body));
  assert.equal((await complete(elsewhere, named)).status, 200);
});

test("[OX3] what a replica had that is gone is asked again", async () => {
  const gone = await start();
  const named = { ...newUser(), "idempotency-key": randomUUID() };
  const first = await complete(gone, named);
  await gone[Symbol.asyncDispose]();
  const again = await complete(here, named);
  assert.equal(again.status, 200, again.text);
  assert.notEqual(again.body.id, first.body.id);
  assert.equal((await complete(elsewhere, named)).body.id, again.body.id);
});

test("[OX3] an answer of many pieces, with thoughts, is the same on another replica", async () => {
  const user = newUser();
  here.model.forget();
  const text = "é𝄞 ".repeat(4_000);
  here.model.next({ text, reasoning: "Well." });
  const sent = { stream: true, stream_options: { include_usage: true } };
  const first = await complete(here, { ...user, ...counted(0) }, sent);
  const again = await complete(elsewhere, { ...user, ...counted(1) }, sent);
  assert.ok(first.text.length > text.length);
  assert.ok(again.text === first.text);
});

test("[OX3] a replica sends no more of an answer than the reader of the other one may still read", async () => {
  await using replicas = await twoReplicas();
  await using exchanges = new AsyncDisposableStack();
  const [one, other] = replicas.links.map(redisAnswerExchange);
  assert.ok(one && other);
  for (const exchange of [one, other]) exchanges.defer(() => exchange.close());
  for (const { prefix, replicaId } of replicas.links)
    await replicas.heard(`${prefix}answers:${replicaId}`);
  const LINES = 20_000;
  let pulled = 0;
  one.serve(async function* (name) {
    for (let line = 0; line < (name === "long" ? LINES : 1500); line++) {
      if (name === "long") pulled++;
      yield `${line}`;
    }
  });
  const linesOf = (name: string) => {
    const claim = { holder: "a", tag: "t", isHere: false };
    return other.follow(name, claim, new AbortController().signal)[Symbol.asyncIterator]();
  };
  const slow = linesOf("long");
  assert.equal((await slow.next()).value, "0");
  const quick = linesOf("short");
  for (let line = 0; line < 1500; line++) assert.equal((await quick.next()).value, `${line}`);
  assert.ok((await quick.next()).done);
  assert.ok(pulled <= 3000, `${pulled} lines`);
  for (let line = 1; line < LINES; line++) assert.equal((await slow.next()).value, `${line}`);
  assert.ok((await slow.next()).done);
});

test("[OR18] what one replica has sealed the other opens", async () => {
  const user = newUser();
  const ask = (server: Server, path: string, input: unknown) =>
    send(server, "POST", path, { model: "scripted", store: false, input }, user);
  const { body } = await ask(here, "/v1/responses/compact", "Remember 42.");
  const { status, text } = await ask(elsewhere, "/v1/responses", body.output);
  assert.equal(status, 200, text);
});
