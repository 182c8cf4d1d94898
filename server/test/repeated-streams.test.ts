// A POST that comes again with Last-Event-ID, as clients send it that repeat requests by themselves.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allEvents, caller, eventsOf, textOf } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";
import type { Server } from "./wire-client.ts";

describe("a stream that is asked for again", () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  /** What the user's conversations hold, and how often a model was asked. */
  const storedOf = async (user: string) => {
    const { call } = caller(server.url);
    const { body } = await call("/conversations", { user });
    const lists = body.data.map(({ id }: { id: string }) =>
      call(`/conversations/${id}/messages`, { user }),
    );
    const messages = (await Promise.all(lists)).map((list) => list.body.data);
    return { messages, asked: server.model.requests.length };
  };

  for (const isNew of [false, true])
    test(`[H8] a POST to ${isNew ? "conversations/stream" : "messages/stream"} with Last-Event-ID goes on after that event and stores nothing`, async () => {
      const user = crypto.randomUUID();
      const { open, newConversation } = caller(server.url);
      const path = isNew
        ? "/conversations/stream"
        : `/conversations/${await newConversation({ user })}/messages/stream`;
      const body = { content: "Count" };
      const post = (lastEventId: string, more: object = {}) =>
        open(path, { user, body, headers: { "last-event-id": lastEventId }, ...more });
      server.model.next({ text: "One two three four", hold: 2 });
      const leaving = new AbortController();
      const seen = [];
      for await (const event of eventsOf(
        await open(path, { user, body, signal: leaving.signal }),
      )) {
        seen.push(event);
        if (event.type === "ai_chunk") break;
      }
      leaving.abort();
      server.model.release();
      const last = seen.at(-1)!;
      const rest = await allEvents(await post(last.id));
      assert.equal(textOf(seen) + textOf(rest), "One two three four");
      assert.deepEqual(
        rest.filter(({ type }) => type !== "ai_chunk").map(({ type }) => type),
        ["ai_complete", "DONE"],
      );
      const stored = await storedOf(user);
      assert.deepEqual(
        stored.messages.map((list) => list.length),
        [2],
      );
      const finalId = rest.at(-1)!.id;
      const again = await post(finalId);
      assert.equal(again.headers.get("content-type")?.split(";")[0], "text/event-stream");
      assert.deepEqual(await allEvents(again), [{ id: finalId, type: "DONE", data: null }]);
      for (const wrong of [`${crypto.randomUUID()}:3`, last.id]) {
        const stranger = wrong === last.id ? "mallory" : user;
        assert.equal((await post(wrong, { user: stranger })).status, 404, wrong);
      }
      for (const unclear of ["3", "x y"]) assert.equal((await post(unclear)).status, 400);
      assert.deepEqual(await storedOf(user), stored);
    });

  test("[H8] the reply of another conversation is not found, and nothing is stored", async () => {
    const user = crypto.randomUUID();
    const { open, newConversation } = caller(server.url);
    const [first, second] = [await newConversation({ user }), await newConversation({ user })];
    const send = (id: string, headers = {}) =>
      open(`/conversations/${id}/messages/stream`, { user, body: { content: "Hi" }, headers });
    const { id } = (await allEvents(await send(first))).at(-1)!;
    const refused = await send(second, { "last-event-id": id.replace(/\d+$/, "1") });
    assert.equal(refused.status, 404);
    assert.equal((await storedOf(user)).messages.flat().length, 2);
  });

  test("[H8] a GET from the final id is 204 at once, so that an EventSource ends", async () => {
    const user = crypto.randomUUID();
    const { open, newConversation } = caller(server.url);
    const path = `/conversations/${await newConversation({ user })}/messages/stream`;
    const events = await allEvents(await open(path, { user, body: { content: "Hi" } }));
    const finalId = events.at(-1)!.id;
    assert.equal(events.at(-2)!.id, finalId);
    const get = (id: string) => open(path, { user, headers: { "last-event-id": id } });
    assert.equal((await get(finalId)).status, 204);
    const beforeEnd = finalId.replace(/\d+$/, (position) => String(Number(position) - 1));
    assert.deepEqual(
      (await allEvents(await get(beforeEnd))).map(({ type }) => type),
      ["ai_complete", "DONE"],
    );
  });
});
