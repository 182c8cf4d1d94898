import { estimateTokens } from "../../core/turns/prompt.ts";
import type { Usage } from "../../domain/message.ts";

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
export function countedTokens(
  usage: Usage | null,
  told: readonly string[],
  said: readonly string[],
): { readonly tokens: CountedTokens; readonly mark: { readonly estimated?: true } } {
  const { cachedTokens = 0, reasoningTokens = 0, ...counted } = usage ?? estimated(told, said);
  const tokens = { ...counted, cachedTokens, reasoningTokens };
  return { tokens, mark: usage ? {} : { estimated: true } };
}

function estimated(told: readonly string[], said: readonly string[]): Usage {
  const promptTokens = tokensIn(told);
  const completionTokens = tokensIn(said);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

const tokensIn = (texts: readonly string[]): number =>
  texts.reduce((tokens, text) => tokens + (text === "" ? 0 : estimateTokens(text)), 0);
