import { estimateTokens, IMAGE_TOKENS, textOfPrompt } from "../../core/turns/prompt.ts";
import { estimateTexts } from "../../core/turns/token-counts.ts";
import type { PromptMessage } from "../../core/turns/turn.ts";
import { type Message, partsOf, type Usage } from "../../domain/message.ts";
import { textIn } from "../../domain/parts.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";

/** Tokens with what is read of them even where nobody says it. */
export type CountedTokens = Usage & {
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
};

/**
 * Tokens as the provider counted them; where it counts nothing they are estimated, since clients read them unasked.
 * @param told what the model was told, @param said what it said
 * @returns the tokens, and the field that an estimate is told by
 */
export async function countedTokens(
  usage: Usage | null,
  told: Iterable<string>,
  said: Iterable<string>,
): Promise<{ readonly tokens: CountedTokens; readonly mark: { readonly estimated?: true } }> {
  const counted = usage ?? (await estimated(told, said));
  const { cachedTokens = 0, reasoningTokens = 0 } = counted;
  const tokens = { ...counted, cachedTokens, reasoningTokens };
  return { tokens, mark: usage ? {} : { estimated: true } };
}

async function estimated(told: Iterable<string>, said: Iterable<string>): Promise<Usage> {
  const promptTokens = await estimateTexts(told);
  const completionTokens = await estimateTexts(said);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

/** The texts of a prompt, each made when it is asked for. */
export function* textsOf(prompt: readonly PromptMessage[]): Generator<string> {
  for (const message of prompt) yield textOfPrompt(message);
}

/** The texts of stored messages, likewise. */
export function* textsIn(messages: readonly Message[]): Generator<string> {
  for (const message of messages) for (const part of partsOf(message)) yield textIn(part);
}

/** How many tokens a request has, estimated in pieces. @param tools as JSON holds them; undefined: none */
export async function estimateRequest(
  messages: readonly PromptMessage[],
  tools: readonly object[] | undefined,
): Promise<number> {
  const pace = createPace();
  let tokens = tools?.length ? estimateTokens(JSON.stringify(tools)) : 0;
  for (const { images = [], pieces = [], ...message } of messages) {
    const pictures = images.length + pieces.filter(({ type }) => type === "image").length;
    tokens += estimateTokens(textOfPrompt(message)) + IMAGE_TOKENS * pictures;
    if (pace.isDue()) await pace.pause();
  }
  return tokens;
}
