/*
 * The chunks of the AI SDK's UI message stream. Version 5 refuses what it does not know, so only its types and fields
 * are used, which versions 6 and 7 know as well.
 */
import { AppError } from "../../domain/errors.ts";
import type { FinishReason, Message } from "../../domain/message.ts";
import { partsOf } from "../../domain/message.ts";
import { after, type Part, type PartDelta } from "../../domain/parts.ts";
import { errorOfEnding, type TurnEnding } from "../../domain/turn.ts";
import { urlOfFile } from "./file-urls.ts";
import { metadataOf } from "./metadata.ts";

export type Chunk = { readonly type: string; readonly [field: string]: unknown };

type Call = Extract<Part, { type: "tool_call" }>;
type Result = Extract<Part, { type: "tool_result" }>;
type Results = ReadonlyMap<string, Result>;

/** Makes chunks of what a reply consists of, step by step. */
export type Chunker = {
  take(delta: PartDelta): Chunk[];
  /** Ends the part that is open. @param isWhole whether nothing of it is missing */
  close(isWhole: boolean): Chunk[];
};

const NO_RESULTS: Results = new Map();

/**
 * @param step which of the page's message's steps the reply is, from 0
 * @param results of its calls, where they are known: the page is then not asked to make them
 */
export function createChunker(step: number, results: Results = NO_RESULTS): Chunker {
  let open: { readonly index: number; readonly ends: (isWhole: boolean) => Chunk[] } | null = null;
  let call: Call | null = null;

  const close = (isWhole: boolean): Chunk[] => {
    const chunks = open?.ends(isWhole) ?? [];
    open = null;
    call = null;
    return chunks;
  };
  const openWords = (kind: "text" | "reasoning", index: number): Chunk[] => {
    const id = `${kind}-${step}-${index}`;
    const before = close(true);
    open = { index, ends: () => [{ type: `${kind}-end`, id }] };
    return [...before, { type: `${kind}-start`, id }];
  };
  const openCall = (part: Call, index: number): Chunk[] => {
    const before = close(true);
    const { callId: toolCallId, name: toolName } = part;
    call = part;
    open = {
      index,
      ends: (isWhole) => (isWhole && call ? callEnds(call, results.get(toolCallId)) : []),
    };
    return [...before, { type: "tool-input-start", toolCallId, toolName }];
  };
  return {
    close,
    take(delta) {
      const { index } = delta;
      if (delta.type === "open") {
        const { part } = delta;
        if (part.type === "tool_call") return openCall(part, index);
        if (part.type === "refusal") return openWords("text", index);
        return [...close(true), ...wholePart(part)];
      }
      const { of, text } = delta;
      if (of === "tool_call" && call) {
        call = { ...call, arguments: call.arguments + text };
        return [{ type: "tool-input-delta", toolCallId: call.callId, inputTextDelta: text }];
      }
      const kind = of === "reasoning" ? "reasoning" : "text";
      if (of !== kind && of !== "refusal") return [];
      const opening = open?.index === index ? [] : openWords(kind, index);
      return [...opening, { type: `${kind}-delta`, id: `${kind}-${step}-${index}`, delta: text }];
    },
  };
}

function callEnds({ callId, name, arguments: given }: Call, result: Result | undefined): Chunk[] {
  const called = { toolCallId: callId, toolName: name };
  if (result) return [outputOf(result)];
  const input = jsonIn(given);
  if (input !== undefined) return [{ type: "tool-input-available", ...called, input }];
  const errorText = "The model's arguments for this tool are not JSON";
  return [{ type: "tool-input-error", ...called, input: given, errorText }];
}

function outputOf({ callId: toolCallId, outcome, text }: Result): Chunk {
  if (outcome === "ok")
    return { type: "tool-output-available", toolCallId, output: outputIn(text) };
  return { type: "tool-output-error", toolCallId, errorText: text || `The tool has ${outcome}` };
}

function wholePart(part: Part): Chunk[] {
  switch (part.type) {
    case "tool_result":
      return [outputOf(part)];
    case "file":
      return [{ type: "file", url: urlOfFile(part.file.id), mediaType: part.file.mediaType }];
    case "citation": {
      const url = part.url ?? urlOfFile(part.fileId ?? "");
      return [{ type: "source-url", sourceId: url, url, title: part.title }];
    }
    default:
      return [];
  }
}

/** The input of a call; undefined for what is no JSON. Nothing at all means no arguments. */
export function jsonIn(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a tool gave, as it was before it was stored as text. */
export const outputIn = (text: string): unknown =>
  /^\s*[[{]/.test(text) ? (jsonIn(text) ?? text) : text;

/** What a page is told again of the steps of a message that are over. */
export function chunksOfSteps(messages: readonly Message[]): Chunk[] {
  const results = new Map<string, Result>();
  for (const message of messages)
    for (const part of partsOf(message))
      if (part.type === "tool_result") results.set(part.callId, part);
  return messages
    .filter(({ role }) => role === "assistant")
    .flatMap((message, step) => {
      const chunker = createChunker(step, results);
      const said = after(partsOf(message), 0).flatMap((delta) => chunker.take(delta));
      const rest = chunker.close(true);
      return [{ type: "start-step" }, ...said, ...rest, { type: "finish-step" }];
    });
}

const FINISH_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  filter: "content-filter",
  tool_calls: "tool-calls",
  other: "other",
};

/** How the stream of a reply ends. */
export function chunksOfEnding(ending: TurnEnding, chunker: Chunker): Chunk[] {
  const { reply } = ending;
  if (ending.type === "completed")
    return [
      ...chunker.close(true),
      { type: "finish-step" },
      {
        type: "finish",
        finishReason: FINISH_REASONS[reply.finishReason ?? "other"],
        messageMetadata: metadataOf(reply),
      },
    ];
  const error = errorOfEnding(ending) ?? new AppError("internal", "The reply failed");
  const isStopped = ending.type === "interrupted" && error.code === "conflict";
  return [...chunker.close(false), isStopped ? { type: "abort" } : errorChunk(error)];
}

/** In words for the user. */
export const errorChunk = ({ message }: AppError): Chunk => ({
  type: "error",
  errorText: message,
});
