// Tickets: how a page opens a socket without putting its key into an address.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { startIssuer } from "./issuer-server.ts";
import { watchMachine } from "./machine-speed.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { makeKey, type Server, send } from "./wire-client.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function ticketFor(server: Server, headers: Record<string, string>) {
  const answer = await send(server, "POST", "/v1/chat/tickets", undefined, headers);
  assert.equal(answer.status, 201, answer.text);
  return answer.body.data as { ticket: string; user_id: string; expires_at: string };
}

test("a ticket opens one socket of either wire as the user it was got for, once, and no HTTP", async () => {
  await using server = await startServer({ builtIn: true });
  const ann = await makeKey(server, { userId: "ann" });
  for (const path of ["/ws?user_id=ann&", "/ws?"]) {
    const { ticket, user_id, expires_at } = await ticketFor(server, bearer(ann));
    assert.equal(user_id, "ann");
    const seconds = (Date.parse(expires_at) - Date.now()) / 1000;
    assert.ok(seconds > 20 && seconds <= 30, `${seconds}`);
    assert.equal(
      (await send(server, "GET", "/conversations", undefined, bearer(ticket))).status,
      401,
    );
    await using socket = await openSocket(server, `${path}ticket=${ticket}`);
    assert.equal(socket.socket.readyState, socket.socket.OPEN);
    for (let count = 0; count < 2; count++) {
      const again = await refusedSocket(server, `${path}ticket=${ticket}`);
      assert.equal(again.status, 401);
      assert.match(JSON.stringify(again.body), /was used, has expired/);
    }
    if (!path.includes("user_id")) continue;
    for (const content of ["One", "Two"]) {
      socket.say({ type: "message", content });
      assert.equal((await socket.next()).content, `You said: ${content}`);
    }
    socket.say({ type: "message", content: "As bob", user_id: "bob" });
    assert.equal((await socket.next()).type, "error");
  }
  const list = await send(server, "GET", "/conversations", undefined, bearer(ann));
  assert.equal(list.body[0].messages.length, 4);
});

test(
  "a ticket speaks for its user alone, even when it was got with a key that may claim any",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const backend = await makeKey(server, { userId: "backend", actAs: true });
    const headers = { ...bearer(backend), "x-user-id": "ann" };
    const { ticket, user_id } = await ticketFor(server, headers);
    assert.equal(user_id, "ann");
    assert.equal((await refusedSocket(server, `/ws?user_id=bob&ticket=${ticket}`)).status, 403);
    const other = await ticketFor(server, headers);
    await using socket = await openSocket(server, `/ws?user_id=ann&ticket=${other.ticket}`);
    socket.say({ type: "message", content: "Hi" });
    assert.equal((await socket.next()).type, "response");
  },
);

test(
  "a ticket that is unknown, damaged, doubled or beside another credential opens nothing",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const key = await makeKey(server);
    const { ticket } = await ticketFor(server, bearer(key));
    for (const wrong of [
      "",
      "ct_",
      "x",
      key,
      `${ticket}x`,
      ticket.slice(0, -1),
      ticket.toUpperCase(),
    ])
      assert.equal((await refusedSocket(server, `/ws?ticket=${wrong}`)).status, 401, wrong);
    const headers = bearer(key);
    assert.equal((await refusedSocket(server, `/ws?ticket=${ticket}`, { headers })).status, 400);
    assert.equal(
      (await refusedSocket(server, `/ws?ticket=${ticket}&ticket=${ticket}`)).status,
      400,
    );
    await using socket = await openSocket(server, `/ws?ticket=${ticket}`);
    assert.equal((await socket.next()).type, "connection_established");
  },
);

test("a ticket is no longer good than the credential that it was got with", async () => {
  await using issuer = await startIssuer();
  await using server = await startServer({ builtIn: true, environment: issuer.environment });
  const key = await makeKey(server, { userId: "ann" });
  const early = await ticketFor(server, bearer(key));
  const open = await ticketFor(server, bearer(key));
  await using socket = await openSocket(server, `/ws?user_id=ann&ticket=${open.ticket}`);
  for (const { id } of await server.store.listKeys()) await server.store.revokeKey(id, new Date());
  using machine = watchMachine();
  const lostAt = performance.now();
  assert.equal((await refusedSocket(server, `/ws?ticket=${early.ticket}`)).status, 401);
  assert.equal((await socket.closed).code, 1008);
  assert.ok(performance.now() - lostAt < 1000 * machine.slowness());
  const exp = Math.ceil(Date.now() / 1000) + 1;
  const token = await issuer.token("ann", { claims: { exp } });
  const late = await ticketFor(server, bearer(token));
  while (Date.now() < exp * 1000) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await refusedSocket(server, `/ws?ticket=${late.ticket}`)).status, 401);
});

test("before the first key a ticket is for programs of this machine, as everything is", async () => {
  await using server = await startServer({ builtIn: true });
  const { ticket, user_id } = await ticketFor(server, bearer("anything"));
  const forwarded = { headers: { "x-forwarded-for": "203.0.113.9" } };
  assert.equal((await refusedSocket(server, `/ws?ticket=${ticket}`, forwarded)).status, 403);
  const other = await ticketFor(server, bearer("anything"));
  await using socket = await openSocket(server, `/ws?user_id=${user_id}&ticket=${other.ticket}`);
  socket.say({ type: "message", content: "Hi" });
  assert.equal((await socket.next()).type, "response");
});

test(
  "an answer that never ends, though comments come, fails in time and keeps what was said",
  ONCE,
  async () => {
    await using server = await startServer({ environment: { MODEL_TOTAL_SECONDS: "1" } });
    const { call, newConversation } = caller(server.url);
    server.model.next({ text: "Some words", waitComments: 200, gapMs: 20 });
    const id = await newConversation();
    const beganAt = performance.now();
    const answer = await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
    assert.equal(answer.status, 502);
    assert.match(answer.body.message ?? "", /within 1 s$/);
    assert.ok(performance.now() - beganAt < 5000);
    await server.model.aborted();
    server.model.next({ text: "alpha bravo charlie delta echo foxtrot golf", gapMs: 600 });
    await call(`/conversations/${id}/messages`, { body: { content: "Again" } });
    const messages = await call(`/conversations/${id}/messages`);
    const last = messages.body.data.at(-1);
    assert.equal(last.status, "failed");
    assert.match(last.content, /^alpha /);
  },
);
