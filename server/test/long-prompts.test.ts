// Long prompts and long answers of one user: they are counted, and sent again, in pieces.
// Runs: apart
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createBudgets } from "../src/core/access/budgets.ts";
import { buildPrompt, promptBudget } from "../src/core/turns/prompt.ts";
import { type SharedEvent, shareAnswer } from "../src/core/turns/shared-answer.ts";
import type { PromptMessage } from "../src/core/turns/turn.ts";
import { promptUsage } from "../src/dialects/completions/usage.ts";
import { joinPrompt } from "../src/dialects/responses/prompt.ts";
import { usageOf } from "../src/dialects/responses/response.ts";
import type { Message } from "../src/domain/message.ts";
import { caller } from "./chat-v1-client.ts";
import { longestTurnOf } from "./event-loop.ts";
import { startServer } from "./start-server.ts";
import { newOwner } from "./store-contract/fixtures.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { makeKey } from "./wire-client.ts";

const MAX_TURN_MS = 50;
const MESSAGES = 8192;
/** The history has 32 MiB. */
const WORDS = "Wörter eines langen Gespräches. ".repeat(128);

const history: readonly PromptMessage[] = Array.from({ length: MESSAGES }, (_, index) => ({
  role: index % 2 ? "assistant" : "user",
  content: `${WORDS}${index}`,
}));
/** As a body has it: in one piece of memory. */
const long = Buffer.from(WORDS.repeat(MESSAGES)).toString();
const oneText: readonly PromptMessage[] = [{ role: "user", content: long }];
const read = { settings: {}, contextTokens: 100_000_000 };

describe("what a model is told", () => {
  const budgets = createBudgets(
    {
      reserveTokens: async (_, { answer }) => answer,
      settleTokens: async () => {},
      usedTokens: async () => ({ ofUser: 0, ofTenant: 0 }),
    },
    { now: () => new Date(0) },
    { userTokensPerDay: 1e9, tenantTokensPerDay: null, answerTokens: 100 },
  );
  const stored = history.map(
    ({ content }, sequence): Message => ({
      ...{ id: `${sequence}`, conversationId: "c", sequence, role: "user", content, parts: null },
      ...{ model: null, status: "complete", usage: null, reasoning: null, reasoningMs: null },
      ...{ finishReason: null, interruptedBy: null, error: null },
      ...{ createdAt: new Date(0), finishedAt: null },
    }),
  );
  const budget = promptBudget(read.contextTokens);
  const ways: Readonly<Record<string, (prompt: readonly PromptMessage[]) => Promise<unknown>>> = {
    "usage of a completion": (prompt) => promptUsage(null, prompt, "Yes"),
    "usage of a response": (prompt) =>
      usageOf(
        null,
        prompt.map(({ content }) => content),
        ["Yes"],
      ),
    "the newest that fit": (prompt) => joinPrompt(null, prompt, [], read.contextTokens),
    "what fits of a conversation": () =>
      buildPrompt({ agent: null, systemPrompt: null, history: stored, input: [] }, budget),
    async budgets(messages) {
      const reservation = await budgets.reserve(newOwner(), async () => ({ ...read, messages }));
      await reservation.fit?.({ ...read, messages });
      await reservation.settle(null, "Yes");
    },
  };
  for (const [what, way] of Object.entries(ways))
    test(`${what}, of a history of 32 MiB, holds up nobody`, async (context) => {
      for (const prompt of [history, oneText]) {
        const mostMs = await longestTurnOf(() => way(prompt));
        context.diagnostic(`one turn computed for ${mostMs.toFixed(1)} ms at most`);
        assert.ok(mostMs < MAX_TURN_MS, `${mostMs} ms`);
      }
    });
});

test("an answer that is given again lets others run in between", async () => {
  const PIECES = 100_000;
  let given = 0;
  const source: AsyncIterator<SharedEvent> = {
    next: async () =>
      given++ < PIECES
        ? { done: false, value: { type: "text", text: "a " } }
        : { done: true, value: undefined },
  };
  const watcher = { grew() {}, failed() {} };
  const clock = { sleep: async () => {} };
  const answer = shareAnswer(source, new AbortController(), watcher, clock);
  const readAll = async (): Promise<number> => {
    let pieces = 0;
    for await (const _ of answer.read(new AbortController().signal, 0)) pieces++;
    return pieces;
  };
  assert.equal(await readAll(), PIECES);
  let isOver = false;
  let turns = 0;
  const again = readAll().finally(() => {
    isOver = true;
  });
  for (; !isOver; turns++) await nextTurn();
  assert.equal(await again, PIECES);
  assert.ok(turns > 3, `${turns} turns of the event loop`);
});

test("[H54] the calls of a turn read what was said before once, however many there are", async (context) => {
  const [CALLS, SAID, MOST] = [20, 1500, 1_000_000];
  const look = watchedTool("look");
  const note = watchedTool("note", { effect: "writes" });
  await using server = await startServer({
    backend: "sqlite",
    environment: { MODEL_CONTEXT_TOKENS: String(MOST) },
    tools: [look.tool, note.tool],
  });
  const user = crypto.randomUUID();
  const { call } = caller(server.url, await makeKey(server, { actAs: true }));
  const messages = Array.from({ length: SAID }, (_, index) => ({
    role: index % 2 ? "assistant" : "user",
    content: `Message ${index}`,
    timestamp: 1_700_000_000_000 + index,
  }));
  const conversations = [{ id: "long", messages }];
  const { body } = await call("/conversations/import", { body: { conversations }, user });
  const { id } =
    body.data.conversations?.[0] ?? (await call("/conversations", { user })).body.data[0];
  /** The processor time that this thread takes for that, in milliseconds. */
  const costOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.threadCpuUsage();
    await work();
    const { user: own, system } = process.threadCpuUsage(before);
    return (own + system) / 1000;
  };
  const turn = (name: string) => {
    const calls = Array.from({ length: CALLS }, (_, n) => ({ name, given: { n } }));
    server.model.next(asking(calls), answering("Done."));
    return call(`/conversations/${id}/messages`, { body: { content: "Go" }, user });
  };
  const owner = { tenantId: "local", userId: user };
  const read = () => server.store.recentMessages(owner, id, { maxCharacters: MOST });
  assert.equal((await read()).length, SAID);
  for (const name of ["look", "note"]) await turn(name);
  const once =
    (await costOf(async () => {
      for (let times = 0; times < 10; times++) await read();
    })) / 10;
  const least = { look: Infinity, note: Infinity };
  for (let times = 0; times < 3; times++)
    for (const name of ["look", "note"] as const)
      least[name] = Math.min(least[name], await costOf(() => turn(name)));
  const more = least.note - least.look;
  assert.equal(note.inputs.length, 4 * CALLS);
  context.diagnostic(`${(more / once).toFixed(1)} times what one look takes`);
  assert.ok(more < (once * CALLS) / 3, `${more} ms, one look ${once} ms`);
});
