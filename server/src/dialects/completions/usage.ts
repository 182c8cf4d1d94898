import { estimateTokens, textOfPrompt } from "../../core/turns/prompt.ts";
import type { PromptMessage } from "../../core/turns/turn.ts";
import type { Usage } from "../../domain/message.ts";

/** Tokens as the provider counted them, or as they are estimated, since clients read them unasked. */
export function usageBody(usage: Usage | null, prompt: readonly PromptMessage[], said: string) {
  const counted = usage ?? estimated(prompt, said);
  return {
    prompt_tokens: counted.promptTokens,
    completion_tokens: counted.completionTokens,
    total_tokens: counted.totalTokens,
    prompt_tokens_details: { cached_tokens: counted.cachedTokens ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: counted.reasoningTokens ?? 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    ...(usage === null && { estimated: true }),
  };
}

function estimated(prompt: readonly PromptMessage[], said: string): Usage {
  const promptTokens = prompt.reduce(
    (sum, message) => sum + estimateTokens(textOfPrompt(message)),
    0,
  );
  const completionTokens = said === "" ? 0 : estimateTokens(said);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}
