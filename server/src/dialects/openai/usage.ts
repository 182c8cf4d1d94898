import { estimateTokens, IMAGE_TOKENS, textOfPrompt } from "../../core/turns/prompt.ts";
import type { PromptMessage } from "../../core/turns/turn.ts";
import type { Usage } from "../../domain/message.ts";
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
