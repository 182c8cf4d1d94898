// What an operator's page needs, against the whole server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { ColloquyError, createClient } from "../src/index.ts";

test("health, metrics and keys: for operators, and for nobody else", async () => {
  await using server = await startServer({ builtIn: true });
  const anyone = createClient({ baseUrl: server.url, token: "local" });
  const health = await anyone.health();
  assert.equal(health.status, "healthy");
  assert.equal(typeof health.version, "string");
  const isForbidden = (error: unknown) =>
    error instanceof ColloquyError && error.status === 403 && /operator/.test(error.message);
  await assert.rejects(anyone.metrics(), isForbidden);
  await assert.rejects(anyone.keys.create({ name: "mine" }), isForbidden);

  assert.equal((await anyone.account()).takes_claim_code, true);
  const { key, is_operator } = await anyone.keys.create({
    name: "mine",
    claim_code: server.claimCode ?? "",
  });
  assert.ok(is_operator);
  const operator = createClient({ baseUrl: `${server.url}/`, token: key });
  assert.match(await operator.metrics(), /^colloquy_sockets_open 0$/m);
  const other = await operator.keys.create({ user_id: "ann" });
  const ann = createClient({ baseUrl: server.url, token: other.key });
  await assert.rejects(ann.metrics(), isForbidden);
  await assert.rejects(ann.keys.list(), isForbidden);
  assert.equal((await ann.health()).status, "healthy");

  await operator.keys.revoke(other.id);
  const [first, second] = await operator.keys.list();
  assert.equal(first?.revoked_at, null);
  assert.ok(second?.revoked_at);
});
