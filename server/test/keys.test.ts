// Keys by wire 004: who may make, see and revoke them, and what comes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";

const KEY = /^ck_[\w-]{43}$/;
const by = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

test("the first key, made on an unclaimed server, is an operator's and claims it", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const { status, body } = await call("/keys", { body: { name: "laptop" } });
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
  assert.equal(account.is_claimed, true);
  assert.equal(account.user_id, shown.user_id, "what was said before is there with the key");
  await eventually(async () => (await call("/account")).status === 401);
  assert.deepEqual((await call("/keys", by(key))).body.data, [shown]);
});

test("only operators make, see and revoke keys: others get 403, strangers 401", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const operator = (await call("/keys", { body: {} })).body.data.key;
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
  const operator = (await call("/keys", { body: {} })).body.data.key;
  const { key, id } = (await call("/keys", { ...by(operator), body: { act_as: true } })).body.data;
  assert.equal((await call("/account?user_id=bob", by(key))).body.data.user_id, "bob");

  const revoked = await call(`/keys/${id}`, { ...by(operator), method: "DELETE" });
  assert.equal(revoked.status, 200);
  assert.ok(revoked.body.data.revoked_at);
  await eventually(async () => (await call("/account", by(key))).status === 401);
  const again = await call(`/keys/${id}`, { ...by(operator), method: "DELETE" });
  assert.deepEqual(again.body.data, revoked.body.data, "the first time counts");

  const list = await call("/keys", by(operator));
  assert.equal(list.body.data[1].revoked_at, revoked.body.data.revoked_at);
  const text = JSON.stringify(list.body);
  assert.ok(!text.includes(key) && !text.includes(operator));
  const none = await call("/keys/none", { ...by(operator), method: "DELETE" });
  assert.deepEqual([none.status, none.body.message], [404, "Key not found"]);
});

test("what a key cannot be called is refused with the field's name, and nothing is made", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  for (const [field, value] of [
    ["name", "a\nb"],
    ["name", "x".repeat(257)],
    ["user_id", " "],
    ["tenant_id", "a\u0000"],
    ["act_as", "yes"],
    ["is_operator", 1],
    ["name", 7],
  ] as const) {
    const { status, body } = await call("/keys", { body: { [field]: value } });
    assert.deepEqual([status, body.error?.details?.field], [400, field], `${field} ${value}`);
  }
  assert.deepEqual((await call("/keys")).body.data, []);
  assert.equal((await call("/account")).body.data.is_claimed, false);
});
