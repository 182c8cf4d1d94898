// The response object, with every field that there is.
import type { JsonObject } from "../../domain/json.ts";
import type { Message, Usage } from "../../domain/message.ts";
import { idOf } from "../openai/ids.ts";
import { countedTokens } from "../openai/usage.ts";
import type { ItemBody } from "./item-body.ts";
import { responseId } from "./mcp-items.ts";
import type { Echo } from "./request.ts";

export type ResponseStatus =
  | "queued"
  | "in_progress"
  | "completed"
  | "incomplete"
  | "failed"
  | "cancelled";

export type ResponseBody = JsonObject & {
  readonly id: string;
  readonly status: ResponseStatus;
};

/** What stays the same of a response from its beginning on. */
export type ResponseBase = {
  /** A UUID: the reply's. */
  readonly id: string;
  /** Of a reply that has waited for approvals: how often before it; absent: never. */
  readonly stage?: number;
  readonly createdAt: Date;
  /** Null: of the conversation no client is told. */
  readonly conversationId: string | null;
  readonly echo: Echo;
  /** The model that was asked. */
  readonly model: string;
};

/** How a response ended. */
export type Outcome = {
  readonly status: Exclude<ResponseStatus, "queued" | "in_progress">;
  readonly reason: "max_output_tokens" | "content_filter" | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly model: string;
  readonly output: readonly ItemBody[];
  readonly usage: JsonObject | null;
  readonly endedAt: Date;
};

/** What a reply says that was begun on another wire, which has no such settings. */
export const PLAIN_ECHO: Echo = {
  background: false,
  frequency_penalty: 0,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: true,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  user: null,
};

export const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** @param outcome null while it runs */
export const responseBody = (
  { id, stage, createdAt, conversationId, echo, model }: ResponseBase,
  status: ResponseStatus,
  outcome: Outcome | null,
): ResponseBody => ({
  id: responseId(id, stage),
  object: "response",
  created_at: secondsOf(createdAt),
  completed_at: outcome?.status === "completed" ? secondsOf(outcome.endedAt) : null,
  status,
  error: outcome?.error ?? null,
  incomplete_details: outcome?.reason ? { reason: outcome.reason } : null,
  model: outcome?.model ?? model,
  output: outcome?.output ?? [],
  usage: outcome?.usage ?? null,
  service_tier: "default",
  ...echo,
  conversation: conversationId === null ? null : { id: idOf("conv_", conversationId) },
});

export const endedBody = (base: ResponseBase, outcome: Outcome): ResponseBody =>
  responseBody(base, outcome.status, outcome);

/** What a response used. @param told what the model was told, @param said what it said */
export async function usageOf(
  usage: Usage | null,
  told: Iterable<string>,
  said: Iterable<string>,
): Promise<JsonObject> {
  const { tokens, mark } = await countedTokens(usage, told, said);
  return {
    input_tokens: tokens.promptTokens,
    input_tokens_details: { cached_tokens: tokens.cachedTokens, cache_write_tokens: 0 },
    output_tokens: tokens.completionTokens,
    output_tokens_details: { reasoning_tokens: tokens.reasoningTokens },
    total_tokens: tokens.totalTokens,
    ...mark,
  };
}

type Ended = Pick<Message, "status" | "finishReason" | "interruptedBy"> & {
  readonly error: Failure | null;
};
type Failure = { readonly code: string; readonly message: string };

const LOST = {
  shutdown: "The response was cut off by a restart of the server. Send the request again",
  crash: "The response was cut off by a failure of the server. Send the request again",
} as const;

/** The status that the ending of a reply stands for, with its reason. */
export function statusOf({
  status,
  finishReason,
  interruptedBy,
  error,
}: Ended): Pick<Outcome, "status" | "reason" | "error"> {
  if (status === "failed")
    return { status: "failed", reason: null, error: error && errorBody(error) };
  if (status === "interrupted") {
    if (interruptedBy !== "crash" && interruptedBy !== "shutdown")
      return { status: "cancelled", reason: null, error: null };
    const message = LOST[interruptedBy];
    return { status: "failed", reason: null, error: { code: "server_error", message } };
  }
  if (finishReason === "length")
    return { status: "incomplete", reason: "max_output_tokens", error: null };
  if (finishReason === "filter")
    return { status: "incomplete", reason: "content_filter", error: null };
  return { status: "completed", reason: null, error: null };
}

function errorBody({ code, message }: Failure): Failure {
  if (code === "rate_limited") return { code: "rate_limit_exceeded", message };
  return { code: code === "model_refused" ? "invalid_prompt" : "server_error", message };
}

/** Of a response that failed before anything was said. */
export const failedOutcome = ({ model }: Pick<ResponseBase, "model">, error: Failure): Outcome => ({
  status: "failed",
  reason: null,
  error: errorBody(error),
  model,
  output: [],
  usage: null,
  endedAt: new Date(),
});
