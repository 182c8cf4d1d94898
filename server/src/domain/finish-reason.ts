import type { FinishReason, Message } from "./message.ts";

/** The providers' names for each reason, in lower case. */
const NAMES: Readonly<Record<Exclude<FinishReason, "other">, readonly string[]>> = {
  stop: ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"],
  length: ["length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length"],
  filter: [
    "content_filter",
    "content_filtered",
    "filter",
    "safety",
    "refusal",
    "recitation",
    "blocklist",
    "prohibited_content",
    "sensitive",
  ],
  tool_calls: ["tool_calls", "tool_call", "tool_use", "function_call"],
};

const BY_NAME = new Map(
  Object.entries(NAMES).flatMap(([reason, names]) =>
    names.map((name) => [name, reason as FinishReason] as const),
  ),
);

/** @param said the reason in the provider's own words */
export const finishReasonOf = (said: string): FinishReason =>
  BY_NAME.get(said.toLowerCase()) ?? "other";

/** The reasons that mark an answer as incomplete. */
export const UNUSUAL_FINISHES = ["length", "filter", "tool_calls", "other"] as const;

/** The outcome of a reply that is not simply complete. */
export type UnusualEnding = {
  readonly finishReason?: (typeof UNUSUAL_FINISHES)[number];
  readonly status?: "interrupted" | "failed";
};

/** The outcome of a reply that is not simply complete, for wires whose documents only have complete replies. */
export function unusualEndingOf({ status, finishReason }: Message): UnusualEnding {
  return {
    ...(finishReason !== null && finishReason !== "stop" && { finishReason }),
    ...((status === "interrupted" || status === "failed") && { status }),
  };
}
