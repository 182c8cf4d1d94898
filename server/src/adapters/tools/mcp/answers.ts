import type { CallToolResult } from "@modelcontextprotocol/client";
import { cleaned } from "../../../domain/text.ts";
import type { ToolAnswer } from "../../../ports/tools.ts";

/** The loop cuts what is longer than a model is told; nothing much longer is carried there. */
const MAX_TEXT_CHARACTERS = 64 * 1024;
const MAX_MESSAGE_CHARACTERS = 1_000;
const MAX_ITEMS = 1_000;

/** What the model is told of a result: its texts, and what else there was, by its kind. */
export function answerOf({ content, structuredContent, isError }: CallToolResult): ToolAnswer {
  const texts: string[] = [];
  let length = 0;
  for (const item of (content ?? []).slice(0, MAX_ITEMS)) {
    const text = textOf(item);
    texts.push(text);
    length += text.length;
    if (length > MAX_TEXT_CHARACTERS) break;
  }
  if (texts.length === 0 && structuredContent !== undefined)
    texts.push(JSON.stringify(structuredContent));
  const text = cleaned(texts.join("\n").slice(0, MAX_TEXT_CHARACTERS));
  return { text, outcome: isError === true ? "failed" : "ok" };
}

function textOf(item: CallToolResult["content"][number]): string {
  switch (item.type) {
    case "text":
      return item.text;
    case "image":
    case "audio":
      return `[${item.type}: ${item.mimeType}]`;
    case "resource_link":
      return `[${item.name}: ${item.uri}]`;
    case "resource":
      return "text" in item.resource ? item.resource.text : `[file: ${item.resource.uri}]`;
    default:
      return "";
  }
}

/** Words of a source that are shown in a sentence. */
export const inWords = (words: string): string =>
  cleaned(words).replace(/\s+/gu, " ").trim().slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed();
