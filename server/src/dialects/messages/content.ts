// What was said, in blocks, as a model is told it.
import type { PromptMessage, PromptPiece } from "../../core/turns/turn.ts";
import type { Part } from "../../domain/parts.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { notHere } from "../openai/errors.ts";
import {
  type Fields,
  fieldsOf,
  type Item,
  invalid,
  required,
  wrongType,
} from "../openai/fields.ts";

const MAX_BLOCKS = 10_000;
const MAX_NAME_CHARACTERS = 256;

/** A text, or blocks of text, of `system` or of a message of that role. @throws OpenAiError */
export function readSystem(fields: Fields, name = "system"): PromptMessage[] {
  const content = textsIn(fields, name).join("\n\n");
  return content === "" ? [] : [{ role: "system", content }];
}

const ROLES = ["user", "assistant", "system"] as const;

/** The messages of a request, in their order. @throws OpenAiError */
export async function readMessages(items: readonly Item[]): Promise<PromptMessage[]> {
  const messages: PromptMessage[] = [];
  const calls = new Set<string>();
  const pace = createPace();
  for (const { path, value } of items) {
    const fields = fieldsOf(value, path);
    const role = required(fields.oneOf("role", ROLES), fields.at("role"));
    if (role === "assistant") messages.push(assistantMessage(fields, calls));
    else if (role === "system") messages.push(...readSystem(fields, "content"));
    else messages.push(...userMessages(fields, calls));
    if (pace.isDue()) await pace.pause();
  }
  return messages;
}

/** The blocks of `content`; a string is one of text. */
function blocksOf(fields: Fields, name = "content"): readonly Fields[] {
  const content = required(fields.any(name), fields.at(name));
  if (typeof content === "string")
    return [fieldsOf({ type: "text", text: content }, fields.at(name))];
  if (!Array.isArray(content))
    throw wrongType(fields.at(name), "a string or an array of blocks", content);
  return (fields.list(name, { max: MAX_BLOCKS }) ?? []).map(({ path, value }) =>
    fieldsOf(value, path),
  );
}

const typeOf = (block: Fields): string => required(block.string("type"), block.at("type"));
const textOf = (block: Fields): string => required(block.string("text"), block.at("text"));

function textsIn(fields: Fields, name: string): string[] {
  if (!fields.has(name)) return [];
  return blocksOf(fields, name).map((block) => {
    if (typeOf(block) === "text") return textOf(block);
    throw notTaken(block, "text");
  });
}

function assistantMessage(fields: Fields, calls: Set<string>): PromptMessage {
  const parts: Part[] = [];
  let isCalling = false;
  for (const block of blocksOf(fields)) {
    const type = typeOf(block);
    if (type === "text") addText(parts, textOf(block));
    else if (type === "tool_use") {
      const callId = required(block.string("id", { min: 1 }), block.at("id"));
      const name = required(block.string("name", { min: 1 }), block.at("name"));
      const input = required(block.json("input"), block.at("input"));
      parts.push({
        type: "tool_call",
        callId,
        source: "client",
        name,
        arguments: JSON.stringify(input),
      });
      calls.add(callId);
      isCalling = true;
    } else if (type !== "thinking" && type !== "redacted_thinking")
      throw notTaken(block, "text, tool_use, thinking");
  }
  const content = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  return { role: "assistant", content, ...(isCalling && { parts }) };
}

/** Neighbouring texts are one part. */
function addText(parts: Part[], text: string): void {
  if (text === "") return;
  const before = parts.at(-1);
  if (before?.type === "text") parts[parts.length - 1] = { ...before, text: before.text + text };
  else parts.push({ type: "text", text });
}

/** The results of tools first, and then what the user says. */
function userMessages(fields: Fields, calls: ReadonlySet<string>): PromptMessage[] {
  const results: Part[] = [];
  const pieces: PromptPiece[] = [];
  for (const block of blocksOf(fields)) {
    if (typeOf(block) !== "tool_result") {
      pieces.push(pieceOf(block));
      continue;
    }
    const callId = required(block.string("tool_use_id"), block.at("tool_use_id"));
    if (!calls.has(callId))
      throw invalid(
        block.at("tool_use_id"),
        `${block.at("tool_use_id")}: no tool_use block before it has this id`,
      );
    const told = block.has("content") ? blocksOf(block).map(pieceOf) : [];
    const isError = block.boolean("is_error") ?? false;
    results.push({
      type: "tool_result",
      callId,
      outcome: isError ? "failed" : "ok",
      text: wordsOf(told),
    });
    // Tools answer in words: what is to be looked at is shown after their results.
    pieces.push(...told.filter(({ type }) => type !== "text"));
  }
  const content = wordsOf(pieces);
  const isWords = pieces.every(({ type }) => type === "text");
  return [
    ...(results.length > 0
      ? [{ role: "tool" as const, content: results.map(resultText).join("\n"), parts: results }]
      : []),
    ...(pieces.length > 0 || results.length === 0
      ? [{ role: "user" as const, content, ...(!isWords && { pieces }) }]
      : []),
  ];
}

const resultText = (part: Part): string => (part.type === "tool_result" ? part.text : "");

const wordsOf = (pieces: readonly PromptPiece[]): string =>
  pieces.map((piece) => (piece.type === "text" ? piece.text : "")).join("");

function pieceOf(block: Fields): PromptPiece {
  const type = typeOf(block);
  if (type === "text") return { type, text: textOf(block) };
  if (type === "image") return imageOf(required(block.object("source"), block.at("source")));
  if (type === "document")
    return documentOf(required(block.object("source"), block.at("source")), block);
  throw notTaken(block, "text, image, document, tool_result");
}

const IMAGE_TYPE = /^image\/[\w.+-]+$/;

function imageOf(source: Fields): PromptPiece {
  const type = required(source.string("type"), source.at("type"));
  if (type === "url") return { type: "image", url: webAddress(source), detail: null };
  if (type !== "base64") throw notTaken(source, "base64, url");
  const mediaType = required(source.string("media_type"), source.at("media_type"));
  if (!IMAGE_TYPE.test(mediaType))
    throw invalid(source.at("media_type"), `${source.at("media_type")}: must be a type of images`);
  const data = required(source.string("data", { min: 1 }), source.at("data"));
  return { type: "image", url: `data:${mediaType};base64,${data}`, detail: null };
}

function webAddress(source: Fields): string {
  const url = required(source.string("url"), source.at("url"));
  if (/^https:\/\//i.test(url)) return url;
  throw invalid(source.at("url"), `${source.at("url")}: must begin with https://`);
}

function documentOf(source: Fields, block: Fields): PromptPiece {
  const type = required(source.string("type"), source.at("type"));
  const title = block.string("title", { max: MAX_NAME_CHARACTERS }) ?? null;
  if (type === "text") {
    const text = required(source.string("data"), source.at("data"));
    return { type: "text", text: title === null ? text : `${title}\n\n${text}` };
  }
  if (type === "content") return { type: "text", text: textsIn(source, "content").join("\n\n") };
  if (type !== "base64") throw notTaken(source, "base64, text, content");
  const mediaType = required(
    source.oneOf("media_type", ["application/pdf"]),
    source.at("media_type"),
  );
  const data = required(source.string("data", { min: 1 }), source.at("data"));
  return { type: "file", name: title ?? "document.pdf", data: `data:${mediaType};base64,${data}` };
}

const notTaken = (block: Fields, taken: string) =>
  notHere(
    block.at("type"),
    `${block.at("type")}: '${(block.string("type") ?? "").slice(0, 64).toWellFormed()}' is not taken here. What is taken: ${taken}`,
  );
