import type { JsonObject } from "../domain/json.ts";
import type { FinishReason, Usage } from "../domain/message.ts";
import type { Part } from "../domain/parts.ts";
import type { Sink, StopGiving } from "../domain/sink.ts";

export type PromptImage = {
  readonly mediaType: string;
  readonly bytes: number;
  /** The image itself, as often as it is asked for. */
  open(): AsyncIterable<Uint8Array>;
};

/** What a client sent within a message. It is sent on as it is: an address is never fetched here. */
export type PromptPiece =
  | { readonly type: "text" | "refusal"; readonly text: string }
  | {
      readonly type: "image";
      /** A data address, or one of the web. */
      readonly url: string;
      /** `auto`, `low`, `high` or what else the provider knows; null: nothing is said. */
      readonly detail: string | null;
    }
  | {
      readonly type: "file";
      readonly name: string | null;
      /** A data address. */
      readonly data: string;
    }
  | {
      readonly type: "audio";
      /** In base64. */
      readonly data: string;
      /** `wav`, `mp3`, … */
      readonly format: string;
    };

export type PromptMessage = {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  /** Its words. */
  readonly content: string;
  /** All of it, where the words are not all: calls of tools and their results. A `tool` message has results alone. */
  readonly parts?: readonly Part[];
  /** What is to be looked at besides, of a message of role `user`. */
  readonly images?: readonly PromptImage[];
  /** All of it as a client sent it, in place of `content` where there are no `parts`; `content` then has its words. */
  readonly pieces?: readonly PromptPiece[];
  /** Which of several participants of the role says it. */
  readonly name?: string;
};

/** What came as JSON, and is sent on as that. */
type Fields = Readonly<Record<string, unknown>>;

/** A tool that the model may ask for. */
export type ToolOffer = {
  readonly name: string;
  readonly description: string | null;
  /** A JSON schema. */
  readonly parameters: Fields | null;
  /** Whether the arguments have to fit the schema; null leaves it to the provider. */
  readonly strict: boolean | null;
  /**
   * Present: a tool that takes any text instead of JSON (`custom`). `format` is the form of the text, as the provider
   * describes one; null: any. Calls of such a tool have the source CUSTOM_TOOLS (domain/parts.ts).
   */
  readonly custom?: { readonly format: Fields | null };
};

/** A tool that is named; `isCustom` as it was offered. */
export type NamedTool = { readonly name: string; readonly isCustom?: boolean };

export type ToolChoice =
  | "auto"
  | "none"
  | "required"
  | NamedTool
  /** Only those of the tools that are offered. */
  | { readonly mode: "auto" | "required"; readonly allowed: readonly NamedTool[] };

/** The form of the answer. `schema` is what OpenAI's wire calls `json_schema`: a name, a schema, strictness. */
export type ResponseFormat =
  | { readonly type: "text" | "json_object" }
  | { readonly type: "json_schema"; readonly schema: Fields };

/** What a caller may ask of an answer besides; what is absent is left to the provider. */
export type ModelSettings = {
  readonly tools?: readonly ToolOffer[];
  readonly toolChoice?: ToolChoice;
  /** Whether the model may ask for several tools at once. */
  readonly parallelToolCalls?: boolean;
  readonly responseFormat?: ResponseFormat;
  /** `none`, `minimal`, `low`, `medium`, `high` or what else the provider knows. */
  readonly reasoningEffort?: string;
  /** `low`, `medium`, `high` or what else the provider knows. */
  readonly verbosity?: string;
  /** The longest answer, its reasoning included. */
  readonly maxTokens?: number;
  /** How many calls of tools the answer may make; the core leaves out those beyond it. */
  readonly maxToolCalls?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** Where the answer ends, and is not to say. */
  readonly stop?: readonly string[];
  /** How many answers; absent: one. More are for turns that nothing keeps (`Turns.ask`). */
  readonly choices?: number;
  /** Whether each token is to come with how likely it was, and with how many others that were. */
  readonly logprobs?: boolean;
  readonly topLogprobs?: number;
  /** By the provider's number of a token: how much likelier it is to be. */
  readonly logitBias?: Readonly<Record<string, number>>;
  /** What the answer will largely be, as the provider describes it. */
  readonly prediction?: Fields;
  /** What the provider keeps of a prompt is found again by: for OpenAI alone. */
  readonly promptCacheKey?: string;
  readonly promptCacheRetention?: string;
  /** Fields of the request that this server does not know. Those that the operator allows by name are sent on. */
  readonly extras?: Fields;
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

/** How likely a token was, in the provider's own form. */
export type TokenLogprobs = readonly JsonObject[];

/** How an answer ended, as it is meant and in the provider's own word: `stop`, `length`, `content_filter`, … */
export type Finish = { readonly reason: FinishReason; readonly word: string };

/**
 * A piece of a reply. A whole reply ends with exactly one `finish`. Calls come one after the other: what a provider
 * interleaves is put in order, so that within a choice nothing else comes between a call and its `arguments`.
 */
export type ModelPart =
  | (Said & {
      /** `refusal`: what the model says instead of an answer. */
      readonly type: "text" | "refusal";
      readonly text: string;
      /** Of its tokens, where they were asked for. */
      readonly logprobs?: TokenLogprobs;
    })
  | (Said & { readonly type: "reasoning"; readonly text: string })
  /** A call begins; `text` is the beginning of its arguments. */
  | (Said & {
      readonly type: "tool_call";
      readonly callId: string;
      readonly name: string;
      readonly text: string;
      /** Of a tool that takes any text. */
      readonly isCustom?: true;
    })
  /** More of the arguments of the call before. */
  | (Said & { readonly type: "arguments"; readonly text: string })
  | (Finish & {
      readonly type: "finish";
      /** How each answer ended, where several were asked for; the first one is the finish itself. */
      readonly choices?: readonly Finish[];
      /** The model that answered, where the provider says so. */
      readonly model: string | null;
      readonly usage: Usage | null;
    });

/** Which of several answers that were asked for; absent: the first, 0. */
type Said = { readonly choice?: number };

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
   * Asks for a reply at once, and pushes its parts as they come: what came in one read of the connection in one moment.
   * Never throws. Ends after `finish`; with an error otherwise:
   * - AppError `model_refused`: the provider says that the request is at fault (unknown model, bad
   *   parameter, too long); the message is the provider's reason. `isUnknownModel` where the model is at fault.
   * - AppError `rate_limited`: the provider's limit, with `retryAfterMs` where it said so.
   * - AppError `model_unavailable`: what only the operator can mend (the server's key is refused, no credit, a
   *   wrong address); `forOperator` says what, the message does not.
   * - AppError `model_failed`: everything else (cannot be reached, broken stream, no byte for the
   *   idle time, an end without a finish reason). The message is fit for a user and names no secret.
   * Tries again by itself (backoff, `Retry-After`) only while no part has been given. While the sink pauses, the
   * provider has to wait. Stopping it closes the connection at once.
   */
  reply(request: ModelRequest, sink: Sink<ModelPart>): StopGiving;
  /**
   * What the provider offers, cached. @throws AppError model_failed if it cannot be reached, model_unavailable
   * @param maxAgeMs default: as long as it is kept
   */
  models(signal: AbortSignal, maxAgeMs?: number): Promise<readonly ModelInfo[]>;
}
