// A page of a long conversation with many versions, which costs what is on the page and not what the conversation has.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { TurnPlace } from "../src/ports/store.ts";
import { caller } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";
import { aConversation, aMessage, anEnding, aTurn, at, begun } from "./store-contract/fixtures.ts";

const MESSAGES = 5000;
const FORKS = 50;
const PAGE = 50;
const ROUNDS = 25;
/** Measured: 1.1. */
const MAX_RATIO = 3;

test(`[H21] a page of a conversation of ${MESSAGES} messages with ${FORKS} forks costs little more than a short conversation`, async () => {
  await using server = await startServer();
  const { call } = caller(server.url);
  const user = randomUUID();
  const owner = { tenantId: "local", userId: user };
  const withMessages = async (count: number) => {
    const said = Array.from({ length: count }, (_, place) => ({
      ...aMessage(`message ${place}`, { role: place % 2 ? "assistant" : "user" }),
      createdAt: at(place),
    }));
    return (await server.store.createConversation(owner, aConversation(), said)).id;
  };
  const [short, long] = [await withMessages(PAGE), await withMessages(MESSAGES)];
  const say = async (place?: TurnPlace) => {
    const target = { kind: "existing", conversationId: long, ...(place && { place }) } as const;
    const turn = begun(await server.store.beginTurn(owner, aTurn(target, "a question")));
    await server.store.finishReply(owner, turn.reply.id, anEnding("an answer"), false);
    return turn.userMessage.id;
  };
  // Each fork begins on the one before it, so that the last path has as many ranges as there are forks.
  for (let fork = 0; fork < FORKS; fork++) await say({ kind: "version", questionId: await say() });
  const costOf = async (path: string): Promise<number> => {
    const before = process.cpuUsage();
    const { status, body } = await call(path, { user });
    const { user: own, system } = process.cpuUsage(before);
    assert.equal(status, 200);
    assert.equal(body.data.length, PAGE);
    return (own + system) / 1000;
  };
  const query = `messages?limit=${PAGE}&versions=1`;
  const paths = ["", "&branch=0", "&branch=25"].map(
    (branch) => `/conversations/${long}/${query}${branch}`,
  );
  const costs: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const control = await costOf(`/conversations/${short}/${query}`);
    costs.push([control, ...(await Array.fromAsync(paths, costOf))]);
  }
  const medianOf = (column: number) =>
    costs.map((row) => row[column] ?? 0).toSorted((one, other) => one - other)[ROUNDS >> 1] ?? 0;
  const control = medianOf(0);
  for (const [column, path] of paths.entries()) {
    const cost = medianOf(column + 1);
    assert.ok(cost <= MAX_RATIO * control, `${cost} ms beside ${control}: ${path}`);
  }
});
