// The Responses wire on a WebSocket.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { longestTurnOf } from "./event-loop.ts";
import { openRealtime } from "./realtime-client.ts";
import { type Event, wordsOf } from "./responses-client.ts";
import { sharedServer, type TestServer } from "./shared-server.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";

async function openResponses(server: TestServer, user: string = randomUUID()) {
  const headers = { authorization: "Bearer local", "x-user-id": user };
  const socket = await openSocket(server, "/v1/responses", { headers });
  /** The events of the next response, to its last or to an error without one. */
  const events = async (): Promise<Event[]> => {
    const list: Event[] = [];
    for (;;) {
      const event: Event = await socket.next();
      list.push(event);
      const isLast = /^response\.(?:completed|incomplete|failed)$/.test(event.type);
      if (isLast || (event.type === "error" && event.status !== undefined)) return list;
    }
  };
  return {
    ...socket,
    user,
    events,
    async create(body: object): Promise<Event[]> {
      socket.say({ type: "response.create", ...body });
      return events();
    },
    [Symbol.asyncDispose]: socket[Symbol.asyncDispose],
  };
}

const responseOf = (events: readonly Event[]) => events.at(-1)?.response;
const rolesOf = (server: TestServer, at: number) =>
  server.model.requests[at]?.body?.messages?.map(({ content }) => content);

test("[OR19] responses come as events, one after the other in the order in which they were asked for", async () => {
  const server = await sharedServer();
  await using socket = await openResponses(server);
  for (const text of ["one", "two"])
    socket.say({ type: "response.create", input: `{{reply text=${text}}}`, store: false });
  for (const text of ["one", "two"]) {
    const events = await socket.events();
    assert.equal(events[0]?.type, "response.created");
    assert.deepEqual(
      events.map(({ sequence_number: number }) => number),
      events.map((_, index) => index),
    );
    assert.equal(wordsOf(responseOf(events)), text);
  }
});

test("[OR8] [OR19] a socket goes on from its last response though it is not stored, and another socket does not", async () => {
  const server = await sharedServer();
  await using socket = await openResponses(server);
  const first = responseOf(
    await socket.create({ input: "A {{reply text=one}}", instructions: "I", store: false }),
  );
  const second = responseOf(
    await socket.create({
      input: "B {{reply text=two}}",
      previous_response_id: first.id,
      store: false,
    }),
  );
  assert.equal(wordsOf(second), "two");
  assert.deepEqual(rolesOf(server, 1), ["A {{reply text=one}}", "one", "B {{reply text=two}}"]);
  await using other = await openResponses(server, socket.user);
  const refused = await other.create({
    input: "C",
    previous_response_id: second.id,
    store: false,
  });
  const error = refused.at(-1)?.error;
  assert.equal(refused.at(-1)?.status, 404);
  assert.equal(error.code, "previous_response_not_found");
  assert.equal(error.param, "previous_response_id");
  const again = responseOf(await other.create({ input: "{{reply text=whole}}", store: false }));
  assert.equal(wordsOf(again), "whole");
});

test("[OR19] a response that fails makes the socket forget the one before", async () => {
  const server = await sharedServer();
  await using socket = await openResponses(server);
  const first = responseOf(await socket.create({ input: "{{reply text=one}}", store: false }));
  const goOn = (input: unknown) =>
    socket.create({ input, previous_response_id: first.id, store: false });
  const refused = await goOn([{ type: "function_call_output", call_id: "none", output: "x" }]);
  assert.equal(refused.at(-1)?.status, 400);
  const forgotten = await goOn("x");
  assert.equal(forgotten.at(-1)?.error.code, "previous_response_not_found");
});

test("[OR19] stream, background and other messages are errors that leave the socket open", async () => {
  const server = await sharedServer();
  await using socket = await openResponses(server);
  for (const [message, param] of [
    [{ type: "response.create", input: "x", stream: true }, "stream"],
    [{ type: "response.create", input: "x", background: false }, "background"],
    [{ type: "response.create", input: "x", stream_options: {} }, "stream_options"],
    [{ type: "response.create" }, "input"],
    [{ type: "session.update" }, "type"],
    ["not JSON", null],
  ] as const) {
    socket.say(message);
    const [{ type, status, error } = {} as Event] = await socket.events();
    assert.deepEqual([type, status, error.param], ["error", 400, param]);
  }
  const whole = responseOf(await socket.create({ input: "{{reply text=open}}", store: false }));
  assert.equal(wordsOf(whole), "open");
  assert.equal(server.model.requests.length, 1);
});

test("[OR19] [OX1] a handshake without a key is 401 in the wire's own words", async () => {
  const server = await sharedServer();
  const { status, body } = await refusedSocket(server, "/v1/responses");
  assert.equal(status, 401);
  assert.equal(body.error.type, "invalid_request_error");
});

test("[OX12] a response that is not stored is stopped at the provider when its socket goes", async () => {
  const server = await sharedServer();
  const socket = await openResponses(server);
  socket.say({ type: "response.create", input: "{{reply tokens=9 hold=3}}", store: false });
  await server.model.held();
  await socket[Symbol.asyncDispose]();
  await server.model.aborted();
});

test("[OR19] a message of many megabytes is read in pieces, so that nobody else waits for it", async () => {
  const server = await sharedServer();
  await using socket = await openResponses(server);
  const fields = Array.from({ length: 200_000 }, (_, number) => [`name ${number}`, number]);
  const ignored = Object.fromEntries(fields);
  const text = JSON.stringify({ type: "response.create", input: "Hello", ignored });
  const wholeMs = await longestTurnOf(async () => JSON.parse(text));
  server.model.next({ text: "Read." });
  let events: Event[] = [];
  const longestMs = await longestTurnOf(async () => {
    socket.say(text);
    events = await socket.events();
  });
  assert.equal(wordsOf(responseOf(events)), "Read.");
  assert.ok(longestMs < wholeMs, `${longestMs} ms at a time, ${wholeMs} ms as a whole`);
});

test("[OR19] [RT1] a socket and a session last as long as SESSION_SECONDS says, and are told so at their end", async () => {
  await using server = await startServer({
    environment: { SESSION_SECONDS: "1" },
    backend: "sqlite",
  });
  await using socket = await openResponses(server);
  await using session = await openRealtime(server);
  const { error, type } = await socket.next();
  assert.deepEqual([type, error.code], ["error", "websocket_connection_limit_reached"]);
  assert.match(error.message, /open for 1 seconds\. Open another/);
  assert.equal((await socket.closed).code, 1000);
  assert.equal((await session.next("error")).error.code, "session_expired");
  assert.equal((await session.closed).code, 1000);
});
