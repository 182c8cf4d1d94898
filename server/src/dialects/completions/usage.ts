import type { PromptMessage } from "../../core/turns/turn.ts";
import type { Usage } from "../../domain/message.ts";
import { countedTokens, textsOf } from "../openai/usage.ts";

/** What a completion used. @param said all that the model said */
export const promptUsage = (usage: Usage | null, prompt: readonly PromptMessage[], said: string) =>
  usageBody(usage, textsOf(prompt), said);

/** @param told what the model was told, which counts only where the provider counts nothing */
export async function usageBody(usage: Usage | null, told: Iterable<string>, said: string) {
  const { tokens, mark } = await countedTokens(usage, told, [said]);
  return {
    prompt_tokens: tokens.promptTokens,
    completion_tokens: tokens.completionTokens,
    total_tokens: tokens.totalTokens,
    prompt_tokens_details: { cached_tokens: tokens.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: tokens.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    ...mark,
  };
}
