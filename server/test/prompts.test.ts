// The prompts that a person keeps in order to send them again, through wire 004.
// Backends: postgres
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { sharedServer } from "./shared-server.ts";

let people = 0;

/** A user of their own. */
async function person() {
  const server = await sharedServer();
  const user = `keeper-${people++}`;
  const { call } = caller(server.url);
  return {
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    call: (path: string, options: Parameters<typeof call>[1] = {}) =>
      call(path, { ...options, user }),
  };
}

const TRIP = { name: "Trip – 😀", text: "Three days in {{city}}\n" };

test("[H70] prompts are kept, listed oldest first, replaced and deleted, and are nobody else's", async () => {
  await using owner = await person();
  await using stranger = await person();
  const { call } = owner;
  assert.deepEqual((await call("/prompts")).body.data, []);
  const made = await call("/prompts", { body: TRIP });
  assert.equal(made.status, 201);
  const { id, created_at, updated_at } = made.body.data;
  assert.deepEqual(made.body.data, { id, ...TRIP, created_at, updated_at });
  const second = (await call("/prompts", { body: { name: "b", text: "B" } })).body.data;
  assert.deepEqual((await call("/prompts")).body.data, [made.body.data, second]);

  const change = { method: "PUT", body: { name: "Walk", text: "A walk" } };
  for (const path of [`/prompts/${id}`, "/prompts/unknown"])
    assert.equal((await stranger.call(path, change)).status, 404);
  assert.equal((await stranger.call(`/prompts/${id}`, { method: "DELETE" })).status, 404);
  assert.deepEqual((await stranger.call("/prompts")).body.data, []);

  const changed = await call(`/prompts/${id}`, change);
  assert.equal(changed.status, 200);
  assert.deepEqual(
    { ...changed.body.data, updated_at },
    { id, ...change.body, created_at, updated_at },
  );
  assert.deepEqual((await call(`/prompts/${id}`, { method: "DELETE" })).body.data, { id });
  assert.equal((await call(`/prompts/${id}`, { method: "DELETE" })).status, 404);
  assert.deepEqual((await call("/prompts")).body.data, [second]);
});

test("[H71] a prompt that comes again under its key is kept once; what cannot be kept is refused in words", async () => {
  await using owner = await person();
  const { call } = owner;
  const headers = { "idempotency-key": "one-trip" };
  const first = await call("/prompts", { body: TRIP, headers });
  assert.deepEqual((await call("/prompts", { body: TRIP, headers })).body.data, first.body.data);
  const most = "😀".repeat(8_000);
  assert.equal((await call("/prompts", { body: { name: "most", text: most } })).status, 201);
  for (const body of [
    { name: "n", text: `${most}.` },
    { name: "n", text: " \n" },
    { name: " ", text: "t" },
    { name: "a\nb", text: "t" },
    { name: "n".repeat(257), text: "t" },
    { name: "n", text: "a\0b" },
    { name: "n" },
    { text: "t" },
    { name: 7, text: "t" },
  ]) {
    const refused = await call("/prompts", { body });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.equal(refused.body.error?.code, "VALIDATION_ERROR");
  }
  assert.equal((await call("/prompts")).body.data.length, 2);
});
