// AUTH_ANONYMOUS=open: anybody may use wires 000 to 003 without a credential, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_USER, GUEST_USER } from "../src/domain/principal.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, send } from "./wire-client.ts";

/** Of a stranger: somebody who is passed on by a proxy. */
const STRANGER = { "x-forwarded-for": "203.0.113.9", host: "chat.example" };
const OPEN = { AUTH_ANONYMOUS: "open" };

for (const mode of ["unclaimed", "claimed"] as const)
  test(`[X13] AUTH_ANONYMOUS=open serves 000 to 003 to anybody, and nothing else: ${mode}`, async () => {
    await using server = await startServer({ builtIn: true, environment: OPEN });
    if (mode === "claimed") await makeKey(server, { userId: BOB });
    const ask = (method: string, path: string, body?: unknown, headers = {}) =>
      send(server, method, path, body, { ...STRANGER, ...headers });
    assert.equal((await ask("POST", "/chat", { message: "Hi", user_id: "ann" })).status, 200);
    const list = await ask("GET", "/conversations?user_id=ann");
    assert.deepEqual([list.status, list.body.length], [200, 1]);
    const reply = await ask("POST", "/api/v1/chat/completions", {
      message: "Hi",
      conversation_id: "session-1",
    });
    assert.equal(reply.status, 200);
    assert.equal((await ask("GET", "/api/v1/chat/history/session-1")).body.messages.length, 2);
    const created = await ask("POST", "/api/conversations", { userId: ALICE, title: "Mine" });
    assert.equal(created.status, 201);
    assert.equal((await ask("GET", `/api/conversations?userId=${ALICE}`)).body.count, 1);
    await using chat = await openSocket(server, "/ws?user_id=ann", { headers: STRANGER });
    chat.say({ type: "message", content: "Hi" });
    assert.equal((await chat.next()).type, "response");
    await using voice = await openSocket(server, "/ws", { headers: STRANGER });
    assert.equal((await voice.next()).type, "connection_established");

    const refusal = mode === "claimed" ? 401 : 403;
    for (const [method, path, body] of [
      ["GET", "/v1/chat/conversations", undefined],
      ["GET", "/v1/chat/account", undefined],
      ["POST", "/v1/chat/conversations/import", { conversations: [] }],
      ["POST", "/v1/chat/tickets", {}],
      ["GET", "/v1/chat/keys", undefined],
      ["POST", "/v1/chat/keys", { claim_code: server.claimCode }],
    ] as const) {
      const bearer = mode === "claimed" ? {} : { authorization: "Bearer local" };
      assert.equal((await ask(method, path, body, bearer)).status, refusal, path);
    }
    assert.equal((await ask("GET", "/metrics")).status, refusal);

    const bad = { authorization: "Bearer something" };
    assert.equal((await ask("GET", "/conversations?user_id=ann", undefined, bad)).status, 401);
    const badKey = { authorization: "Bearer ck_unknown" };
    assert.equal((await ask("GET", "/conversations?user_id=ann", undefined, badKey)).status, 401);
    const foreign = { origin: "https://evil.example" };
    const page = await ask("GET", "/conversations?user_id=ann", undefined, foreign);
    assert.equal(page.status, 403);
    assert.match(page.body.detail, /https:\/\/evil\.example.*CORS_ORIGINS/);

    const closed = [DEFAULT_USER, GUEST_USER, ...(mode === "claimed" ? [BOB] : [])];
    for (const user of closed) {
      const answer = await ask("GET", `/conversations?user_id=${user}`);
      assert.equal(answer.status, 401, user);
      assert.match(answer.body.detail, /needs a key/);
      const socket = await refusedSocket(server, `/ws?user_id=${user}`, { headers: STRANGER });
      assert.equal(socket.status, 401);
    }
  });

test("[X13] in open mode the documents' limits count for each address, too", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { ...OPEN, TRUST_PROXY: "127.0.0.1", RATE_LIMITS: "chat=3/m conversations=2/m" },
  });
  const from = (address: string, path: string) =>
    send(server, "GET", path, undefined, { "x-forwarded-for": address });
  const asked = async (address: string, count: number) => {
    const statuses: number[] = [];
    for (let user = 0; user < count; user++)
      statuses.push((await from(address, `/conversations?user_id=u${user}`)).status);
    return statuses;
  };
  assert.deepEqual(await asked("203.0.113.1", 4), [200, 200, 200, 429]);
  assert.deepEqual(await asked("203.0.113.2", 2), [200, 200], "another address has its own");
  const uuid = (user: number) => `00000000-0000-4000-8000-00000000010${user}`;
  const list = (user: number) => from("203.0.113.3", `/api/conversations?userId=${uuid(user)}`);
  assert.equal((await list(1)).headers.get("x-ratelimit-remaining"), "1");
  assert.equal((await list(2)).headers.get("x-ratelimit-remaining"), "0");
  assert.equal((await list(3)).status, 429);
});
