// An answer as blocks of content, one after the other.

import type { SharedEvent } from "../../core/turns/shared-answer.ts";
import type { AskedOutcome } from "../../core/turns/turn.ts";
import type { JsonObject } from "../../domain/json.ts";

/** What a model says, piece by piece. */
export type Said = Exclude<SharedEvent, { readonly type: "ended" }>;

type BlockType = "text" | "thinking" | "tool_use";

/** A step of an answer: a block begins, grows or ends. */
export type BlockStep =
  | { readonly type: "start"; readonly index: number; readonly block: JsonObject }
  | { readonly type: "delta"; readonly index: number; readonly delta: JsonObject }
  | { readonly type: "stop"; readonly index: number };

export type Blocks = {
  add(event: Said): readonly BlockStep[];
  /** Ends the block that is open. */
  end(): readonly BlockStep[];
  /** The blocks as they are at the end. */
  content(): readonly JsonObject[];
  /** All that was said, for an estimate. */
  text(): string;
  stopReason(outcome: AskedOutcome): string;
};

type Block = { readonly type: BlockType; readonly head: JsonObject; text: string };

/** @param hasThoughts whether what the model thinks is told */
export function createBlocks(hasThoughts: boolean): Blocks {
  const blocks: Block[] = [];
  let isOpen = false;
  let isRefused = false;
  let thoughts = "";

  const end = (): BlockStep[] => {
    if (!isOpen) return [];
    isOpen = false;
    return [{ type: "stop", index: blocks.length - 1 }];
  };
  const begin = (type: BlockType, head: JsonObject = {}): BlockStep[] => {
    const ended = end();
    const block: Block = { type, head, text: "" };
    blocks.push(block);
    isOpen = true;
    return [...ended, { type: "start", index: blocks.length - 1, block: emptyOf(block) }];
  };
  const grow = (text: string): BlockStep[] => {
    const block = blocks.at(-1);
    if (!block || text === "") return [];
    block.text += text;
    return [{ type: "delta", index: blocks.length - 1, delta: deltaOf(block.type, text) }];
  };
  const growOr = (type: BlockType, text: string): BlockStep[] =>
    isOpen && blocks.at(-1)?.type === type ? grow(text) : [...begin(type), ...grow(text)];

  return {
    add(event) {
      switch (event.type) {
        case "reasoning":
          thoughts += event.text;
          return hasThoughts ? growOr("thinking", event.text) : [];
        case "refusal":
          isRefused = true;
          return growOr("text", event.text);
        case "text":
          return growOr("text", event.text);
        case "tool_call":
          return [
            ...begin("tool_use", { id: event.callId, name: event.name }),
            ...grow(event.text),
          ];
        case "arguments":
          return grow(event.text);
      }
    },
    end,
    content: () => blocks.map(wholeOf),
    text: () => thoughts + blocks.map(({ text }) => text).join(""),
    stopReason({ finishes: [finish] }) {
      if (isRefused || finish?.reason === "filter") return "refusal";
      if (finish?.reason === "length") return "max_tokens";
      if (finish?.word === "stop_sequence") return "stop_sequence";
      return blocks.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
    },
  };
}

function emptyOf({ type, head }: Block): JsonObject {
  if (type === "text") return { type, text: "" };
  return type === "thinking" ? { type, thinking: "", signature: "" } : { type, ...head, input: {} };
}

function deltaOf(type: BlockType, text: string): JsonObject {
  if (type === "text") return { type: "text_delta", text };
  return type === "thinking"
    ? { type: "thinking_delta", thinking: text }
    : { type: "input_json_delta", partial_json: text };
}

function wholeOf({ type, head, text }: Block): JsonObject {
  if (type === "text") return { type, text };
  return type === "thinking"
    ? { type, thinking: text, signature: "" }
    : { type, ...head, input: inputOf(text) };
}

/** The arguments of a call; empty where the model wrote none, or was cut off within them. */
function inputOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : {};
  } catch {
    return {};
  }
}
