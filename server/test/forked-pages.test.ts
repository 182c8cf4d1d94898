// A page of a long conversation with many versions, which costs what is on the page and not what the conversation has.
// Backends: postgres
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { TurnPlace } from "../src/ports/store.ts";
import { caller } from "./chat-v1-client.ts";
import { watchMachine } from "./machine-speed.ts";
import { startServer } from "./start-server.ts";
import { aConversation, aMessage, anEnding, aTurn, at, begun } from "./store-contract/fixtures.ts";

const MESSAGES = 5000;
const FORKS = 50;
const MAX_MS = 5;
const ROUNDS = 15;

test(`[H21] a page of a conversation of ${MESSAGES} messages with ${FORKS} forks comes within ${MAX_MS} ms`, async () => {
  await using server = await startServer();
  const { call } = caller(server.url);
  const user = randomUUID();
  const owner = { tenantId: "local", userId: user };
  const said = Array.from({ length: MESSAGES }, (_, place) => ({
    ...aMessage(`message ${place}`, { role: place % 2 ? "assistant" : "user" }),
    createdAt: at(place),
  }));
  const { id } = await server.store.createConversation(owner, aConversation(), said);
  const say = async (place?: TurnPlace) => {
    const target = { kind: "existing", conversationId: id, ...(place && { place }) } as const;
    const turn = begun(await server.store.beginTurn(owner, aTurn(target, "a question")));
    await server.store.finishReply(owner, turn.reply.id, anEnding("an answer"), false);
    return turn.userMessage.id;
  };
  // Each fork begins on the one before it, so that the last path has as many ranges as there are forks.
  for (let fork = 0; fork < FORKS; fork++) await say({ kind: "version", questionId: await say() });
  using machine = watchMachine();
  for (const path of ["", "&branch=0", "&branch=25"]) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const beganAt = performance.now();
      const { status, body } = await call(
        `/conversations/${id}/messages?limit=50&versions=1${path}`,
        { user },
      );
      times.push(performance.now() - beganAt);
      assert.equal(status, 200);
      assert.ok(body.data.length > 0);
    }
    const [median = 0] = times.toSorted((one, other) => one - other).slice(ROUNDS / 2);
    assert.ok(median <= MAX_MS * machine.slowness(), `${median} ms for the path ${path}`);
  }
});
