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
import { longestTurnOf } from "./event-loop.ts";
import { newOwner } from "./store-contract/fixtures.ts";

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
