import type { Agent } from "../domain/agent.ts";
import type { Message } from "../domain/message.ts";
import type { PromptMessage } from "../ports/model.ts";

/** How much of a conversation a model is given. */
export type PromptBudget = {
  /** An upper bound to read from the store. */
  readonly maxCharacters: number;
  readonly maxTokens: number;
};

const MOST_CHARACTERS_A_TOKEN = 4;
const LATIN_CHARACTERS_A_TOKEN = 3.5;
const FIRST_DENSE_CODE_UNIT = 0x2e80;
const ANSWER_SHARE = 0.25;
const MOST_ANSWER_TOKENS = 4096;

/** Leaves a quarter of the window, at most 4,096 tokens, to the answer. */
export function promptBudget(contextTokens: number): PromptBudget {
  const maxTokens =
    contextTokens - Math.min(MOST_ANSWER_TOKENS, Math.floor(contextTokens * ANSWER_SHARE));
  return { maxTokens, maxCharacters: maxTokens * MOST_CHARACTERS_A_TOKEN };
}

/**
 * What the model is asked: the agent's instructions or the system prompt, then as much history as
 * fits before the new message, which is always there.
 * @param history oldest first
 */
export function buildPrompt(
  parts: {
    readonly agent: Agent | null;
    readonly systemPrompt: string | null;
    readonly history: readonly Message[];
    readonly content: string;
  },
  budget: PromptBudget,
): PromptMessage[] {
  const instructions = parts.agent?.instructions || parts.systemPrompt;
  const newest: PromptMessage = { role: "user", content: parts.content };
  let left =
    budget.maxTokens -
    estimateTokens(newest.content) -
    (instructions ? estimateTokens(instructions) : 0);
  let first = parts.history.length;
  while (first > 0) {
    const message = parts.history[first - 1];
    if (!message) break;
    left -= estimateTokens(message.content);
    if (left < 0) break;
    first--;
  }
  const remembered = parts.history
    .slice(first)
    .map(({ role, content }): PromptMessage => ({ role, content }));
  return [
    ...(instructions ? [{ role: "system", content: instructions } as const] : []),
    ...remembered,
    newest,
  ];
}

/** A cautious guess: dense scripts (Chinese, Japanese, Korean, emoji) take a token a character. */
export function estimateTokens(text: string): number {
  const sample = text.length > 2000 ? text.slice(0, 2000) : text;
  let dense = 0;
  for (let index = 0; index < sample.length; index++)
    if (sample.charCodeAt(index) >= FIRST_DENSE_CODE_UNIT) dense++;
  const share = sample.length ? dense / sample.length : 0;
  return Math.ceil(text.length * (share + (1 - share) / LATIN_CHARACTERS_A_TOKEN)) + 4;
}
