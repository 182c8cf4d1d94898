// Stored messages as the AI SDK's UIMessage.
import type { Message } from "../../domain/message.ts";
import { partsOf } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import { jsonIn, outputIn } from "./chunks.ts";
import type { Entry } from "./entries.ts";
import { urlOfFile } from "./file-urls.ts";
import { metadataOf } from "./metadata.ts";

type UiPart = { readonly type: string; readonly [field: string]: unknown };

/** As `useChat` takes it in `messages`. */
export function uiMessage({ id, role, messages }: Entry) {
  const last = messages.at(-1);
  const results = new Map(
    messages.flatMap((message) =>
      partsOf(message).flatMap((part) =>
        part.type === "tool_result" ? [[part.callId, part] as const] : [],
      ),
    ),
  );
  const parts = messages
    .filter((message) => message.role !== "tool")
    .flatMap((message): UiPart[] => [
      ...(role === "assistant" ? [{ type: "step-start" }] : []),
      ...partsOf(message).flatMap((part) => uiPart(part, results)),
      ...filesOf(message),
    ]);
  return {
    id,
    role,
    ...(role === "assistant" && last && { metadata: metadataOf(last) }),
    parts,
  };
}

const filesOf = ({ attachments = [] }: Message): UiPart[] =>
  attachments
    .filter(({ isDeleted }) => !isDeleted)
    .map(({ id, name, mediaType }) => fileOf(id, name, mediaType));

const fileOf = (id: string, filename: string, mediaType: string): UiPart => ({
  type: "file",
  mediaType,
  filename,
  url: urlOfFile(id),
});

function uiPart(
  part: Part,
  results: ReadonlyMap<string, Extract<Part, { type: "tool_result" }>>,
): UiPart[] {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text, state: "done" }];
    case "refusal":
      return [{ type: "text", text: part.text, state: "done" }];
    case "tool_call": {
      const result = results.get(part.callId);
      const input = jsonIn(part.arguments) ?? part.arguments;
      const call = { type: `tool-${part.name}`, toolCallId: part.callId, input };
      if (!result) return [{ ...call, state: "input-available" }];
      if (result.outcome === "ok")
        return [{ ...call, state: "output-available", output: outputIn(result.text) }];
      return [{ ...call, state: "output-error", errorText: result.text }];
    }
    case "file":
      return [fileOf(part.file.id, part.file.name, part.file.mediaType)];
    case "citation": {
      const url = part.url ?? urlOfFile(part.fileId ?? "");
      return [{ type: "source-url", sourceId: url, url, title: part.title }];
    }
    case "tool_result":
      return [];
  }
}
