// The proxy of docs/access.md that adds a key, as it is written there, with a real nginx: what it gives to clients that
// know no credential.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { skipWithoutNginx, startNginxWith } from "./nginx.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, send } from "./wire-client.ts";

const page = readFileSync(new URL("../../docs/access.md", import.meta.url), "utf8");

/** What the page has for the `http` block, with another port and a key that there is. */
function recipe(port: number, server: number, key: string): string {
  const [, location = ""] = /```nginx\n([\s\S]*?)```/.exec(page) ?? [];
  const [, map = ""] = /`(map [^`]*)`/.exec(page) ?? [];
  const filled = location
    .replace("http://127.0.0.1:8000;", `http://127.0.0.1:${server};`)
    .replace("ck_…", key);
  assert.ok(filled.includes(`:${server};`) && filled.includes(key) && map, "the page has both");
  return `${map}\nserver {\n  listen 127.0.0.1:${port};\n${filled}}\n`;
}

test("[X13] the proxy of docs/access.md serves unmodified clients of 000 to 003 as the users whom they name", {
  skip: skipWithoutNginx(),
}, async () => {
  await using server = await startServer({ builtIn: true });
  const key = await makeKey(server, { userId: "proxy", actAs: true, isOperator: false });
  await using nginx = await startNginxWith((port) => recipe(port, server.port, key));
  const ask = (method: string, path: string, body?: unknown) => send(nginx, method, path, body);

  assert.equal((await send(server, "GET", "/conversations?user_id=ann")).status, 401);
  assert.equal((await ask("POST", "/chat", { message: "Hi", user_id: "ann" })).status, 200);
  const list = await ask("GET", "/conversations?user_id=ann");
  assert.deepEqual([list.status, list.body.length], [200, 1]);
  assert.equal((await ask("GET", "/conversations?user_id=ben")).body.length, 0);
  const completion = { message: "Hi", conversation_id: "session-1" };
  assert.equal((await ask("POST", "/api/v1/chat/completions", completion)).status, 200);
  assert.equal((await ask("GET", "/api/v1/chat/history/session-1")).body.messages.length, 2);
  const created = await ask("POST", "/api/conversations", { userId: ALICE, title: "Mine" });
  assert.equal(created.status, 201);
  assert.equal((await ask("GET", `/api/conversations?userId=${ALICE}`)).body.count, 1);
  assert.equal((await ask("GET", `/api/conversations?userId=${BOB}`)).body.count, 0);
  const messages = Array.from({ length: 20 }, () => ({
    role: "user",
    content: "a".repeat(90_000),
    timestamp: 1_700_000_000_000,
  }));
  const long = await ask("POST", "/api/conversations", { userId: ALICE, messages });
  assert.equal(long.status, 201, "more than nginx takes unasked");
  await using chat = await openSocket(nginx, "/ws?user_id=ann");
  chat.say({ type: "message", content: "Hi" });
  assert.equal((await chat.next()).type, "response");
  await using voice = await openSocket(nginx, "/ws");
  assert.equal((await voice.next()).type, "connection_established");
  voice.say({ type: "start_conversation" });
  assert.equal((await voice.next()).type, "conversation_started");

  assert.equal((await ask("GET", "/metrics")).status, 403, "the key is no operator's");
  assert.equal((await refusedSocket(server, "/ws")).status, 401, "past the proxy a key is needed");
});
