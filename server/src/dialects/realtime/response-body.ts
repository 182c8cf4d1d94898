import type { Usage } from "../../domain/message.ts";
import { errorOf } from "../openai/errors.ts";
import type { Asked } from "./asked.ts";
import type { Outcome } from "./pieces.ts";
import { formatBody } from "./settings.ts";

/** A response as the client is told of it. @param id `resp_…` */
export function responseBody(
  id: string,
  { settings, metadata }: Asked,
  found: {
    /** `conv_…`; null: it is outside every conversation. */
    readonly conversationId: string | null;
    readonly output: readonly object[];
    /** Null: it is being made. */
    readonly outcome: Outcome | null;
  },
): object {
  const { outcome } = found;
  return {
    object: "realtime.response",
    id,
    status: outcome?.status ?? "in_progress",
    status_details: outcome && detailsOf(outcome),
    output: found.output,
    conversation_id: found.conversationId,
    output_modalities: [settings.modality],
    max_output_tokens: settings.maxOutputTokens ?? "inf",
    audio: { output: { format: formatBody(settings.outputFormat), voice: settings.voice } },
    usage: outcome?.usage ? usageBody(outcome.usage) : null,
    metadata,
  };
}

function detailsOf(outcome: Outcome): object | null {
  switch (outcome.status) {
    case "completed":
      return null;
    case "failed": {
      const { type, code, message } = errorOf(outcome.error);
      return { type: "failed", error: { type, code: code ?? "server_error", message } };
    }
    default:
      return { type: outcome.status, reason: outcome.reason };
  }
}

const usageBody = ({ promptTokens, completionTokens, totalTokens, cachedTokens = 0 }: Usage) => ({
  total_tokens: totalTokens,
  input_tokens: promptTokens,
  output_tokens: completionTokens,
  input_token_details: {
    text_tokens: promptTokens,
    audio_tokens: 0,
    image_tokens: 0,
    cached_tokens: cachedTokens,
    cached_tokens_details: { text_tokens: cachedTokens, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: completionTokens, audio_tokens: 0 },
});
