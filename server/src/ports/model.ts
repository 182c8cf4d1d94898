import type { FinishReason, Usage } from "../domain/message.ts";
import type { Part } from "../domain/parts.ts";

export type PromptImage = {
  readonly mediaType: string;
  readonly bytes: number;
  /** The image itself, as often as it is asked for. */
  open(): AsyncIterable<Uint8Array>;
};

export type PromptMessage = {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  /** Its words. */
  readonly content: string;
  /** All of it, where the words are not all: calls of tools and their results. A `tool` message has results alone. */
  readonly parts?: readonly Part[];
  /** What is to be looked at besides, of a message of role `user`. */
  readonly images?: readonly PromptImage[];
};

/** A tool that the model may ask for. */
export type ToolOffer = {
  readonly name: string;
  readonly description: string | null;
  /** A JSON schema. */
  readonly parameters: Readonly<Record<string, unknown>> | null;
  /** Whether the arguments have to fit the schema; null leaves it to the provider. */
  readonly strict: boolean | null;
};

export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

/** The form of the answer. `schema` is what OpenAI's wire calls `json_schema`: a name, a schema, strictness. */
export type ResponseFormat =
  | { readonly type: "text" | "json_object" }
  | { readonly type: "json_schema"; readonly schema: Readonly<Record<string, unknown>> };

/** What a caller may ask of an answer besides; what is absent is left to the provider. */
export type ModelSettings = {
  readonly tools?: readonly ToolOffer[];
  readonly toolChoice?: ToolChoice;
  readonly responseFormat?: ResponseFormat;
  /** `none`, `minimal`, `low`, `medium`, `high` or what else the provider knows. */
  readonly reasoningEffort?: string;
  /** The longest answer, its reasoning included. */
  readonly maxTokens?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** Where the answer ends, and is not to say. */
  readonly stop?: readonly string[];
};

export type ModelRequest = {
  /** As the provider names it. */
  readonly model: string;
  readonly messages: readonly PromptMessage[];
  /** 0 to 2; null leaves it to the provider. */
  readonly temperature: number | null;
  /** The longest answer, its reasoning included, whatever the settings say; null leaves it to them. */
  readonly maxTokens: number | null;
  readonly settings: ModelSettings;
  /** Other models of the same provider to fall back on, for providers that do so themselves. */
  readonly fallbacks: readonly string[];
};

/**
 * A piece of a reply. A whole reply ends with exactly one `finish`. Calls come one after the other: what a provider
 * interleaves is put in order, so that nothing else comes between a call and its `arguments`.
 */
export type ModelPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  /** What the model says instead of an answer. */
  | { readonly type: "refusal"; readonly text: string }
  /** A call begins; `text` is the beginning of its arguments. */
  | {
      readonly type: "tool_call";
      readonly callId: string;
      readonly name: string;
      readonly text: string;
    }
  /** More of the arguments of the call before. */
  | { readonly type: "arguments"; readonly text: string }
  | {
      readonly type: "finish";
      readonly reason: FinishReason;
      /** The reason as the provider says it: `stop`, `length`, `content_filter`, … */
      readonly word: string;
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
   *   parameter, too long); the message is the provider's reason. `isUnknownModel` where the model is at fault.
   * - AppError `rate_limited`: the provider's limit, with `retryAfterMs` where it said so.
   * - AppError `model_unavailable`: what only the operator can mend (the server's key is refused, no credit, a
   *   wrong address); `forOperator` says what, the message does not.
   * - AppError `model_failed`: everything else (cannot be reached, broken stream, no byte for the
   *   idle time, an end without a finish reason). The message is fit for a user and names no secret.
   * Tries again by itself (backoff, `Retry-After`) only while no part has been given.
   * An aborted signal ends it at once, and closes the connection.
   */
  reply(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
  /**
   * What the provider offers, cached. @throws AppError model_failed if it cannot be reached, model_unavailable
   * @param maxAgeMs default: as long as it is kept
   */
  models(signal: AbortSignal, maxAgeMs?: number): Promise<readonly ModelInfo[]>;
}
