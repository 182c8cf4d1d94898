// An item of a streamed response while it is being written.
import type { JsonObject } from "../../domain/json.ts";
import { type Part, textIn } from "../../domain/parts.ts";
import type { ItemBody, ItemStatus } from "./item-body.ts";
import {
  type ContentPart,
  callItem,
  messageItem,
  reasoningItem,
  type ThoughtsAs,
} from "./items.ts";

/** An item that is being written. */
export type OpenItem = {
  readonly id: string;
  readonly index: number;
  /** What is finished of a message. */
  readonly content: ContentPart[];
  /** The part that grows. */
  part: Part;
  pieces: string[];
  /** It is told when it is whole: a call of a tool of the server's, or its result. */
  readonly isQuiet: boolean;
};

/** A part of which only the type is known: what has a head was opened before it grew. */
export const partOf = (type: Part["type"]): Part =>
  type === "reasoning" ? { type, text: "" } : { type: "text", text: "" };

/** The type and the fields of an event of growth. */
export function growth(
  { id, index, content, part }: OpenItem,
  text: string,
  logprobs: readonly JsonObject[],
  told: ThoughtsAs,
): [type: string, fields: JsonObject] {
  const of = { item_id: id, output_index: index };
  if (part.type === "tool_call")
    return [
      callItem(id, "completed", part).type === "custom_tool_call"
        ? "response.custom_tool_call_input.delta"
        : "response.function_call_arguments.delta",
      { ...of, delta: text },
    ];
  const within = { ...of, content_index: content.length, delta: text };
  if (part.type === "reasoning")
    return told === "summary_text"
      ? ["response.reasoning_summary_text.delta", { ...of, summary_index: 0, delta: text }]
      : ["response.reasoning_text.delta", within];
  if (part.type === "refusal") return ["response.refusal.delta", within];
  return ["response.output_text.delta", { ...within, logprobs }];
}

/** The item as it is so far. */
export function bodyOf(
  { id, part, pieces, content }: OpenItem,
  status: ItemStatus,
  seal: ((text: string) => string) | null,
  told: ThoughtsAs,
): ItemBody {
  const text = pieces.join("");
  if (part.type === "tool_call") return callItem(id, status, { ...part, arguments: text });
  if (part.type === "reasoning")
    return reasoningItem(id, status === "in_progress" ? null : text, seal, told);
  if (part.type === "tool_result")
    return {
      id,
      type: "function_call_output",
      status,
      call_id: part.callId,
      output: textIn({ ...part, text }),
    };
  return messageItem(id, status, [...content]);
}
