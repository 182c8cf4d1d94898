// An input as messages: neighbouring items of the assistant are one message, and so are neighbouring outputs of tools.
import { append, type Part, textOf } from "../../domain/parts.ts";
import { invalid } from "../openai/fields.ts";
import type { InputItem, InputPiece } from "./input-items.ts";

/** A message to be told, and to be stored where the response is. */
export type Draft =
  | { readonly role: "user"; readonly pieces: readonly InputPiece[] }
  | { readonly role: "system" | "developer"; readonly pieces: readonly InputPiece[] }
  | { readonly role: "assistant" | "tool"; readonly parts: readonly Part[] };

/** An item that says all by itself: references are looked up, and what is sealed is opened. */
export type PlainItem = Exclude<InputItem, { type: "reference" | "compaction" | "approval" }>;

export function draftsOf(items: readonly PlainItem[]): Draft[] {
  const drafts: Draft[] = [];
  for (const item of items) {
    if (item.type === "message" && item.role !== "assistant") {
      drafts.push({ role: item.role, pieces: item.pieces });
      continue;
    }
    const role = item.type === "output" ? "tool" : "assistant";
    const parts = partsOfItem(item);
    const last = drafts.at(-1);
    if (last?.role === role && "parts" in last && mayJoin(last.parts, parts))
      drafts[drafts.length - 1] = { role, parts: [...last.parts, ...parts] };
    else if (parts.length > 0) drafts.push({ role, parts });
  }
  return drafts;
}

/** Whether both can be told apart again: neighbours of text would be one part. */
const mayJoin = (before: readonly Part[], after: readonly Part[]): boolean => {
  const last = before.at(-1)?.type;
  const isJoined = last === "text" || last === "reasoning";
  // Calls come before what follows from them.
  const isNext = last === "tool_call" && after[0]?.type !== "tool_call";
  return after.length > 0 && !(isJoined && last === after[0]?.type) && !isNext;
};

function partsOfItem(item: PlainItem): Part[] {
  switch (item.type) {
    case "message":
      return item.pieces.reduce<Part[]>(
        (parts, piece) => (piece.type === "file" ? parts : append(parts, piece)),
        [],
      );
    case "reasoning":
      return item.text === "" ? [] : [{ type: "reasoning", text: item.text }];
    case "call": {
      const { callId, source, name, arguments: given } = item;
      return [{ type: "tool_call", callId, source, name, arguments: given }];
    }
    case "output":
      return [{ type: "tool_result", callId: item.callId, outcome: "ok", text: item.text }];
  }
}

/** The words of a message that somebody else than a model said. */
const wordsOf = (pieces: readonly InputPiece[]): string =>
  pieces.flatMap((piece) => (piece.type === "file" ? [] : piece.text)).join("\n");

/** The words of every draft. */
export const contentOf = (draft: Draft): string =>
  "parts" in draft ? textOf(draft.parts) : wordsOf(draft.pieces);

/** @param known the ids of calls that were made before the input @throws AppError invalid_request */
export function checkOutputs(items: readonly PlainItem[], known: ReadonlySet<string>): void {
  const calls = new Set(known);
  for (const item of items) {
    if (item.type === "call") calls.add(item.callId);
    if (item.type === "output" && !calls.has(item.callId))
      throw invalid(
        item.field,
        `No tool call found for function call output with call_id ${item.callId}. Send the call before its output, or name the response that made it in previous_response_id`,
      );
  }
}
