import type { ModelRequest } from "../../../ports/model.ts";
import type { Flavour, LimitField } from "./flavours.ts";

export type BodyOptions = {
  readonly flavour: Flavour;
  readonly maxCompletionTokens: number | null;
  /** What the provider calls the limit of an answer. */
  readonly limitField: LimitField;
  /** Some servers refuse `stream_options`. */
  readonly streamOptions: boolean;
};

/** The JSON body of `POST /chat/completions`. Unpaired surrogates become U+FFFD on the way. */
export function requestBody(request: ModelRequest, options: BodyOptions): string {
  const { flavour, maxCompletionTokens } = options;
  return JSON.stringify({
    model: request.model,
    messages: request.messages,
    stream: true,
    stream_options:
      options.streamOptions && flavour.askUsage === "stream_options"
        ? { include_usage: true }
        : undefined,
    usage: flavour.askUsage === "usage_include" ? { include: true } : undefined,
    models: flavour.fallbacks && request.fallbacks.length > 0 ? request.fallbacks : undefined,
    temperature: request.temperature ?? undefined,
    [options.limitField]: request.maxTokens ?? maxCompletionTokens ?? undefined,
  });
}
