import type { Usage } from "../domain/message.ts";

export type PromptMessage = {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
};

export type ModelRequest = {
  /** As the provider names it. */
  readonly model: string;
  readonly messages: readonly PromptMessage[];
  /** 0 to 2; null leaves it to the provider. */
  readonly temperature: number | null;
  /** The longest answer, its reasoning included; null leaves it to the provider. */
  readonly maxTokens: number | null;
  /** Other models of the same provider to fall back on, for providers that do so themselves. */
  readonly fallbacks: readonly string[];
};

/** A piece of a reply. A whole reply ends with exactly one `finish`. */
export type ModelPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "finish";
      /** As the provider says it: `stop`, `length`, `content_filter`, … */
      readonly reason: string;
      /** The model that answered, where the provider says so. */
      readonly model: string | null;
      readonly usage: Usage | null;
    };

export type ModelInfo = {
  readonly id: string;
  readonly name: string;
  /** How many tokens it can take in and give out together; null if the provider does not say. */
  readonly contextTokens: number | null;
};

/**
 * A language model provider.
 */
export interface ModelProvider {
  /** The first part of a qualified model name: `openrouter`, `cerebras`, `builtin`, … */
  readonly name: string;
  /**
   * Asks for a reply. Nothing is sent before the first part is asked for. Never throws before that.
   * Ends after `finish`; rejects otherwise:
   * - AppError `model_refused`: the provider says that the request is at fault (unknown model, bad
   *   parameter, too long); the message is the provider's reason.
   * - AppError `rate_limited`: the provider's limit, with `retryAfterMs` where it said so.
   * - AppError `model_failed`: everything else (cannot be reached, broken stream, no byte for the
   *   idle time, an end without a finish reason). The message is fit for a user and names no secret.
   * Tries again by itself (backoff, `Retry-After`) only while no part has been given.
   * An aborted signal ends it at once, and closes the connection.
   */
  reply(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
  /**
   * What the provider offers, cached. @throws AppError model_failed if it cannot be reached
   * @param maxAgeMs default: as long as it is kept
   */
  models(signal: AbortSignal, maxAgeMs?: number): Promise<readonly ModelInfo[]>;
}
