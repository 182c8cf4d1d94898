import type { PromptMessage, PromptPiece } from "../../core/turns/turn.ts";
import { CUSTOM_TOOLS, type Part } from "../../domain/parts.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { audioPiece, filePiece, imagePiece } from "../openai/content.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, type Item, required, wrongType } from "../openai/fields.ts";

type Role = PromptMessage["role"];

const ROLES: readonly Role[] = ["system", "developer", "user", "assistant", "tool"];
/** Which pieces a message of each role may have. */
const PIECES: Readonly<Record<Role, readonly string[]>> = {
  system: ["text"],
  developer: ["text"],
  user: ["text", "image_url", "file", "input_audio"],
  assistant: ["text", "refusal"],
  tool: ["text"],
};
const MAX_NAME_CHARACTERS = 64;

/** The messages of a request, in their order. @throws OpenAiError */
export const readMessages = (items: readonly Item[]): Promise<PromptMessage[]> =>
  mapInPieces(items, ({ path, value }) => readMessage(fieldsOf(value, path)));

function readMessage(fields: Fields): PromptMessage {
  if (fields.any("role") === "function")
    throw notHere(
      fields.at("role"),
      "Messages of role 'function' are not supported. Use tools, and messages of role 'tool'.",
    );
  const role = required(fields.oneOf("role", ROLES), fields.at("role"));
  const name = fields.string("name", { max: MAX_NAME_CHARACTERS });
  const named = name === undefined ? {} : { name };
  if (role === "tool") return toolMessage(fields);
  const calls = role === "assistant" ? readCalls(fields) : [];
  if (calls.length > 0) {
    const words = wordsOf(readContent(fields, role) ?? []);
    const spoken: Part[] = words === "" ? [] : [{ type: "text", text: words }];
    return { role, content: words, parts: [...spoken, ...calls], ...named };
  }
  const refusal = role === "assistant" ? fields.string("refusal") : undefined;
  const content = readContent(fields, role) ?? (refusal === undefined ? undefined : []);
  const pieces = required(content, fields.at("content"));
  if (refusal !== undefined) {
    const all: readonly PromptPiece[] = [...pieces, { type: "refusal", text: refusal }];
    return { role, content: wordsOf(all), pieces: all, ...named };
  }
  const isText = !Array.isArray(fields.any("content"));
  return { role, content: wordsOf(pieces), ...(!isText && { pieces }), ...named };
}

function toolMessage(fields: Fields): PromptMessage {
  const callId = required(fields.string("tool_call_id"), fields.at("tool_call_id"));
  const content = wordsOf(required(readContent(fields, "tool"), fields.at("content")));
  const parts: readonly Part[] = [{ type: "tool_result", callId, outcome: "ok", text: content }];
  return { role: "tool", content, parts };
}

const wordsOf = (pieces: readonly PromptPiece[]): string =>
  pieces
    .map((piece) => (piece.type === "text" || piece.type === "refusal" ? piece.text : ""))
    .join("");

/** Undefined where there is none. */
function readContent(fields: Fields, role: Role): readonly PromptPiece[] | undefined {
  const content = fields.any("content");
  if (content === undefined) return undefined;
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content))
    throw wrongType(fields.at("content"), "a string or an array of parts", content);
  return (fields.list("content") ?? []).map(({ path, value }) =>
    readPiece(fieldsOf(value, path), role),
  );
}

function readPiece(fields: Fields, role: Role): PromptPiece {
  switch (required(fields.oneOf("type", PIECES[role]), fields.at("type"))) {
    case "image_url": {
      const image = required(fields.object("image_url"), fields.at("image_url"));
      const url = required(image.string("url"), image.at("url"));
      return imagePiece(url, image.string("detail"), image.at("url"));
    }
    case "file":
      return filePiece(required(fields.object("file"), fields.at("file")));
    case "input_audio":
      return audioPiece(required(fields.object("input_audio"), fields.at("input_audio")));
    case "refusal":
      return { type: "refusal", text: required(fields.string("refusal"), fields.at("refusal")) };
    default:
      return { type: "text", text: required(fields.string("text"), fields.at("text")) };
  }
}

/** The calls of tools that the assistant made. */
function readCalls(fields: Fields): Part[] {
  return (fields.list("tool_calls") ?? []).map(({ path, value }) => {
    const call = fieldsOf(value, path);
    const callId = required(call.string("id"), call.at("id"));
    // Some clients leave the type out.
    const type = call.oneOf("type", ["function", "custom"]) ?? "function";
    const made = required(call.object(type), call.at(type));
    const given = type === "custom" ? "input" : "arguments";
    return {
      type: "tool_call",
      callId,
      source: type === "custom" ? CUSTOM_TOOLS : "client",
      name: required(made.string("name"), made.at("name")),
      arguments: required(made.string(given), made.at(given)),
    };
  });
}
