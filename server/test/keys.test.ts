// Keys by wire 004: who may make, see and revoke them, and what comes of it.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { caller } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { openSocket } from "./socket-client.ts";
import { BACKEND, ONCE, startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const KEY = /^ck_[\w-]{43}$/;
/** Where servers share a database there are none. */
const CODES = { skip: BACKEND !== "sqlite" && "a shared database is claimed by the command line" };
const by = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

test(
  "[X13] the first key wants the code that the server showed, is an operator's, and claims the server",
  CODES,
  async () => {
    await using server = await startServer({ builtIn: true });
    const { call } = caller(server.url);
    assert.match(server.claimCode ?? "", /^(?:[a-z2-9]{5}-){5}[a-z2-9]{5}$/);
    for (const body of [{ name: "laptop" }, { claim_code: "" }, { claim_code: null }])
      assert.equal((await call("/keys", { body })).status, 403, JSON.stringify(body));
    const wrong = await call("/keys", {
      body: { claim_code: server.claimCode?.replace(/^./, "0") },
    });
    assert.equal(wrong.status, 403);
    assert.match(wrong.body.message ?? "", /not the code.*colloquy keys create --name me/);
    assert.deepEqual(await server.store.listKeys(), []);
    const before = (await call("/account")).body.data;
    assert.deepEqual(
      [before.is_operator, before.is_claimed, before.takes_claim_code],
      [false, false, true],
    );

    const { status, body } = await call("/keys", {
      body: { name: "laptop", claim_code: ` ${server.claimCode?.toUpperCase()} ` },
    });
    assert.equal(status, 201);
    const { key, ...shown } = body.data;
    assert.match(key, KEY);
    assert.deepEqual(Object.keys(shown), [
      "id",
      "prefix",
      "name",
      "user_id",
      "tenant_id",
      "act_as",
      "is_operator",
      "models",
      "created_at",
      "revoked_at",
    ]);
    assert.equal(shown.is_operator, true);
    assert.ok(key.startsWith(shown.prefix));

    const account = (await call("/account", by(key))).body.data;
    assert.deepEqual([account.is_claimed, account.takes_claim_code], [true, false]);
    assert.equal(account.user_id, shown.user_id, "what was said before is there with the key");
    await eventually(async () => (await call("/account")).status === 401);
    assert.deepEqual((await call("/keys", by(key))).body.data, [shown]);
  },
);

test(
  "[X13] the first key is told to whoever makes it, though that ends what the request came with",
  CODES,
  async () => {
    await using server = await startServer({ builtIn: true });
    await using socket = await openSocket(server, "/ws?user_id=ann");
    const createKey = server.store.createKey.bind(server.store);
    // The answer comes after everything else has been cut that came without a key.
    Object.assign(server.store, {
      createKey: async (...given: Parameters<typeof createKey>) => {
        await createKey(...given);
        await socket.closed;
      },
    });
    const made = await caller(server.url).call("/keys", { body: { claim_code: server.claimCode } });
    assert.equal(made.status, 201);
    const own = `/keys/${made.body.data.id}`;
    const revoked = await caller(server.url, made.body.data.key).call(own, { method: "DELETE" });
    assert.equal(revoked.status, 200);
  },
);

test(
  "[X13] a code makes one key, also of two requests at once; guessing it is stopped",
  CODES,
  async () => {
    await using server = await startServer({ builtIn: true });
    const { call } = caller(server.url);
    const claim_code = server.claimCode;
    const both = await Promise.all([0, 1].map(() => call("/keys", { body: { claim_code } })));
    assert.deepEqual(both.map(({ status }) => status).sort(), [201, 403]);
    assert.equal((await server.store.listKeys()).length, 1);

    await using other = await startServer({ builtIn: true });
    const guess = (code: string) => caller(other.url).call("/keys", { body: { claim_code: code } });
    for (let times = 0; times < 10; times++)
      assert.equal((await guess(server.claimCode ?? "")).status, 403, "another start's");
    const stopped = await guess(other.claimCode ?? "");
    assert.equal(stopped.status, 429);
    assert.ok(Number(stopped.headers.get("retry-after")) > 0);
    assert.ok(!JSON.stringify(stopped.body).includes(other.claimCode ?? "?"));
  },
);

test("[X13] programs of this machine are no operators, whether the server is claimed or AUTH_ANONYMOUS lets them in", async () => {
  await using unclaimed = await startServer({ builtIn: true, canShowCode: false });
  assert.equal(unclaimed.claimCode, null);
  await using claimed = await startServer({
    builtIn: true,
    environment: { AUTH_ANONYMOUS: "loopback" },
  });
  await makeKey(claimed);
  const { call } = caller(unclaimed.url);
  const account = (await call("/account")).body.data;
  assert.deepEqual([account.is_operator, account.takes_claim_code], [false, false]);
  for (const [path, options] of [
    ["/keys", {}],
    ["/keys", { body: {} }],
    ["/keys", { body: { claim_code: "abcde-fghij" } }],
    ["/keys", { body: { claim_code: claimed.claimCode } }],
    ["/keys/key-1", { method: "DELETE" }],
  ] as const) {
    assert.equal((await call(path, options)).status, 403, path);
    const refused = await caller(claimed.url).call(path, options);
    assert.equal(refused.status, 401, "wire 004 wants a Bearer token that is good");
  }
  for (const server of [unclaimed, claimed]) {
    assert.equal((await send(server, "GET", "/conversations?user_id=ann")).status, 200);
    const figures = await send(server, "GET", "/metrics");
    assert.equal(figures.status, 403);
    assert.match(figures.text, /colloquy keys create --operator/);
  }
});

test("only operators make, see and revoke keys: others get 403, strangers 401", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const operator = await makeKey(server, { isOperator: true, userId: DEFAULT_USER });
  const made = await call("/keys", { ...by(operator), body: { name: "reader", user_id: "ann" } });
  assert.equal(made.status, 201, "the user of a key is not who asks");
  const { key, id, is_operator } = made.body.data;
  assert.equal(is_operator, false);
  assert.equal((await call("/account", by(key))).body.data.user_id, "ann");
  const before = (await call("/keys", by(operator))).body.data;

  for (const [path, options] of [
    ["/keys", { ...by(key) }],
    ["/keys", { ...by(key), body: { is_operator: true } }],
    [`/keys/${id}`, { ...by(key), method: "DELETE" }],
    ["/keys/none", { ...by(key), method: "DELETE" }],
  ] as const) {
    const { status, body } = await call(path, options);
    assert.equal(status, 403, path);
    assert.equal(body.error?.code, "FORBIDDEN");
    assert.match(body.message ?? "", /--operator/);
  }
  const strangers = await call("/keys", { ...by("ck_made-up"), body: {} });
  assert.equal(strangers.status, 401);
  assert.deepEqual((await call("/keys", by(operator))).body.data, before, "nothing has changed");
  assert.equal(
    (await call("/keys", { ...by(key), headers: { ...by(key).headers, "x-user-id": "bob" } }))
      .status,
    403,
  );
});

test("a revoked key opens nothing any more and stays in the list; a key is never told again", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const first = by(await makeKey(server, { isOperator: true }));
  const operator = (await call("/keys", { ...first, body: { is_operator: true } })).body.data.key;
  const { key, id } = (await call("/keys", { ...by(operator), body: { act_as: true } })).body.data;
  assert.equal((await call("/account?user_id=bob", by(key))).body.data.user_id, "bob");

  const revoked = await call(`/keys/${id}`, { ...by(operator), method: "DELETE" });
  assert.equal(revoked.status, 200);
  assert.ok(revoked.body.data.revoked_at);
  await eventually(async () => (await call("/account", by(key))).status === 401);
  const again = await call(`/keys/${id}`, { ...by(operator), method: "DELETE" });
  assert.deepEqual(again.body.data, revoked.body.data, "the first time counts");

  const list = await call("/keys", by(operator));
  assert.equal(list.body.data[2].revoked_at, revoked.body.data.revoked_at);
  const text = JSON.stringify(list.body);
  assert.ok(!text.includes(key) && !text.includes(operator));
  const none = await call("/keys/none", { ...by(operator), method: "DELETE" });
  assert.deepEqual([none.status, none.body.message], [404, "Key not found"]);
});

test(
  "what a key cannot be called is refused with the field's name, and nothing is made",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const { call } = caller(server.url);
    const operator = await makeKey(server, { isOperator: true });
    for (const [field, value] of [
      ["name", "a\nb"],
      ["name", "x".repeat(257)],
      ["user_id", " "],
      ["tenant_id", "a\u0000"],
      ["act_as", "yes"],
      ["is_operator", 1],
      ["name", 7],
    ] as const) {
      const { status, body } = await call("/keys", { ...by(operator), body: { [field]: value } });
      assert.deepEqual([status, body.error?.details?.field], [400, field], `${field} ${value}`);
    }
    assert.equal((await server.store.listKeys()).length, 1);
  },
);
