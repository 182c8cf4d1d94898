import type { FinishReason, Message } from "./message.ts";

/** What providers call each reason, in lower case. */
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

/** @param said the reason in the provider's own word */
export const finishReasonOf = (said: string): FinishReason =>
  BY_NAME.get(said.toLowerCase()) ?? "other";

/** The reasons of an answer that is not the model's whole one. */
export const UNUSUAL_FINISHES = ["length", "filter", "tool_calls", "other"] as const;

/** How a reply ended, where it is not simply whole. */
export type UnusualEnding = {
  readonly finishReason?: (typeof UNUSUAL_FINISHES)[number];
  readonly status?: "interrupted" | "failed";
};

/** How a reply ended, where it is not simply whole: for wires whose documents know whole replies only. */
export function unusualEndingOf({ status, finishReason }: Message): UnusualEnding {
  return {
    ...(finishReason !== null && finishReason !== "stop" && { finishReason }),
    ...((status === "interrupted" || status === "failed") && { status }),
  };
}
