// A conversation that is longer than fits in an answer: told in every wire's words, and still of use.
// Backends: postgres
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "./start-server.ts";
import { ALICE, send } from "./wire-client.ts";

const LONG = "0123456789".repeat(100_000);
const COUNT = 34;

test("a conversation of 34 million characters is 413 as a whole, in each wire's words, and can be read in parts, continued and deleted", async () => {
  await using server = await startServer({ environment: { RATE_LIMITS: "off" } });
  const headers = { authorization: "Bearer local", "x-user-id": ALICE };
  const base = "/v1/chat/conversations";
  const created = await send(server, "POST", base, { title: "Long" }, headers);
  const { id } = created.body.data;
  for (let count = 0; count < COUNT; count++) {
    const message = { role: "assistant", content: LONG };
    const added = await send(server, "POST", `${base}/${id}/messages`, message, headers);
    assert.equal(added.status, 201, added.text);
  }
  for (const [method, path, body, words] of [
    ["GET", `${base}/${id}/messages`, undefined, ["success", "message", "error"]],
    ["GET", `${base}/${id}/messages?limit=40`, undefined, ["success", "message", "error"]],
    ["GET", `/conversations/${id}?user_id=${ALICE}`, undefined, ["detail"]],
    ["GET", `/conversations?user_id=${ALICE}`, undefined, ["detail"]],
    [
      "GET",
      `/api/conversations?userId=${ALICE}`,
      undefined,
      ["error", "message", "code", "requestId", "context"],
    ],
    [
      "PUT",
      "/api/conversations",
      { conversationId: id, userId: ALICE, title: "Longer" },
      ["error", "message", "code", "requestId", "context"],
    ],
  ] as const) {
    const refused = await send(server, method, path, body, headers);
    assert.equal(refused.status, 413, `${path} ${refused.text.slice(0, 200)}`);
    assert.deepEqual(Object.keys(refused.body), words, path);
    assert.match(refused.text, /with limit and before/);
  }
  const renamed = await send(server, "PATCH", `${base}/${id}`, { title: "Renamed" }, headers);
  assert.equal(renamed.status, 200, "that needs no messages");
  const emptied = { conversationId: id, userId: ALICE, messages: [] };
  assert.equal((await send(server, "PUT", "/api/conversations", emptied, headers)).status, 413);
  let before = "";
  let read = 0;
  for (;;) {
    const path = `${base}/${id}/messages?limit=10${before}`;
    const page = await send(server, "GET", path, undefined, headers);
    assert.equal(page.status, 200);
    read += page.body.data.length;
    if (page.body.data.length < 10) break;
    before = `&before=${page.body.data[0].id}`;
  }
  assert.equal(read, COUNT);
  const said = await send(server, "POST", `${base}/${id}/messages`, { content: "Hi" }, headers);
  assert.equal(said.status, 201);
  assert.equal((await send(server, "DELETE", `${base}/${id}`, undefined, headers)).status, 200);
});
