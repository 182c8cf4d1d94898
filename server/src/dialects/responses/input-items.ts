// What the model is to be told, as a request brings it: a text, or a list of items.
import { CLIENT_TOOLS, CUSTOM_TOOLS } from "../../domain/parts.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import {
  type Fields,
  fieldsOf,
  type Item,
  invalid,
  outOfBounds,
  required,
  wrongType,
} from "../openai/fields.ts";
import { namedIn } from "./namespaces.ts";
import { isSealedHere } from "./seal.ts";
import { requiredText, text } from "./texts.ts";

/** What a message of a user brings besides its words. */
export type InputFile =
  /** `url`: a data address, or one of the web. */
  | { readonly kind: "image"; readonly url: string; readonly detail: string | null }
  | { readonly kind: "file"; readonly name: string | null; readonly url: string };

/** A piece of a message's content. */
export type InputPiece =
  | { readonly type: "text" | "refusal"; readonly text: string }
  | { readonly type: "file"; readonly file: InputFile };

export type MessageRole = "user" | "assistant" | "system" | "developer";

/** One item of an input, checked. */
export type InputItem =
  | { readonly type: "message"; readonly role: MessageRole; readonly pieces: readonly InputPiece[] }
  | {
      readonly type: "call";
      readonly callId: string;
      /** CLIENT_TOOLS or CUSTOM_TOOLS of domain/parts.ts. */
      readonly source: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly type: "output";
      readonly callId: string;
      readonly text: string;
      readonly field: string;
    }
  | {
      readonly type: "reasoning";
      readonly text: string;
      /** What this server sealed, where that is all that the client sends of it. */
      readonly sealed?: { readonly text: string; readonly field: string };
    }
  | { readonly type: "compaction"; readonly sealed: string; readonly field: string }
  /** Whether a call of a tool of the server's may be made. */
  | {
      readonly type: "approval";
      readonly id: string;
      readonly approve: boolean;
      readonly field: string;
    }
  /** An item that is stored. */
  | { readonly type: "reference"; readonly id: string; readonly field: string };

/** Of one request. */
const MAX_ITEMS = 10_000;
const MAX_PIECES = 2_000;
const MAX_ID_CHARACTERS = 256;
const ROLES = ["user", "assistant", "system", "developer"] as const;

/** The field `input`. @throws AppError invalid_request */
export async function readInput(body: Fields): Promise<readonly InputItem[]> {
  const value = required(body.any("input"), body.at("input"));
  if (typeof value === "string")
    return [
      {
        type: "message",
        role: "user",
        pieces: [{ type: "text", text: requiredText(body, "input") }],
      },
    ];
  if (!Array.isArray(value)) throw wrongType(body.at("input"), "a string or an array", value);
  return readItems(body, "input", MAX_ITEMS);
}

/** The list of that name, which has at least one item. @throws AppError invalid_request */
export async function readItems(
  body: Fields,
  name: string,
  maxItems: number,
): Promise<readonly InputItem[]> {
  const items = required(body.list(name, { max: maxItems }), body.at(name));
  if (items.length === 0) throw outOfBounds(body.at(name), "array", "below", 1, 0);
  return mapInPieces(items, ({ value, path }) => readItem(fieldsOf(value, path)));
}

function readItem(item: Fields): InputItem {
  const type = required(
    item.string("type") ?? (item.has("role") ? "message" : undefined),
    item.at("type"),
  );
  switch (type) {
    case "message":
      return readMessage(item);
    case "function_call":
      return {
        type: "call",
        callId: callIdIn(item),
        source: CLIENT_TOOLS,
        name: namedIn(item, requiredText(item, "name", MAX_ID_CHARACTERS)),
        arguments: text(item, "arguments") ?? "",
      };
    case "custom_tool_call":
      return {
        type: "call",
        callId: callIdIn(item),
        source: CUSTOM_TOOLS,
        name: namedIn(item, requiredText(item, "name", MAX_ID_CHARACTERS)),
        arguments: text(item, "input") ?? "",
      };
    case "function_call_output":
    case "custom_tool_call_output":
      return {
        type: "output",
        callId: callIdIn(item),
        text: outputIn(item),
        field: item.at("call_id"),
      };
    case "reasoning":
      return { type: "reasoning", ...thoughtsIn(item) };
    case "compaction":
    case "compaction_summary":
      return {
        type: "compaction",
        sealed: requiredText(item, "encrypted_content"),
        field: item.at("encrypted_content"),
      };
    case "mcp_approval_response":
      return {
        type: "approval",
        id: requiredText(item, "approval_request_id", MAX_ID_CHARACTERS),
        approve: required(item.boolean("approve"), item.at("approve")),
        field: item.at("approval_request_id"),
      };
    case "item_reference":
      return {
        type: "reference",
        id: requiredText(item, "id", MAX_ID_CHARACTERS),
        field: item.at("id"),
      };
    default:
      throw invalid(
        item.at("type"),
        `Items of type '${type.slice(0, MAX_ID_CHARACTERS).toWellFormed()}' are not supported here. Send messages, function calls and their outputs, custom tool calls, reasoning, compaction items or item references`,
      );
  }
}

const callIdIn = (item: Fields): string => requiredText(item, "call_id", MAX_ID_CHARACTERS);

function readMessage(item: Fields): InputItem {
  const role = required(item.oneOf("role", ROLES), item.at("role"));
  const content = required(item.any("content"), item.at("content"));
  if (typeof content === "string")
    return {
      type: "message",
      role,
      pieces: [{ type: "text", text: requiredText(item, "content") }],
    };
  const pieces = item.list("content", { max: MAX_PIECES }) ?? [];
  return { type: "message", role, pieces: pieces.map((piece) => readPiece(piece, role)) };
}

function readPiece({ value, path }: Item, role: MessageRole): InputPiece {
  const piece = fieldsOf(value, path);
  const type = required(piece.string("type"), piece.at("type"));
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
    case "summary_text":
      return { type: "text", text: requiredText(piece, "text") };
    case "refusal":
      return { type: "refusal", text: requiredText(piece, "refusal") };
    case "input_image":
    case "input_file":
      if (role !== "user")
        throw invalid(piece.at("type"), "Images and files can only be in messages of role user");
      return { type: "file", file: type === "input_image" ? imageIn(piece) : fileIn(piece) };
    default:
      throw invalid(
        piece.at("type"),
        `${piece.at("type")} must be one of: input_text, input_image, input_file, output_text, refusal`,
      );
  }
}

const WEB_ADDRESS = /^https?:\/\//i;
const DATA_ADDRESS = /^data:[\w.+/;=-]{0,200};base64,/i;

function imageIn(piece: Fields): InputFile {
  refuseFileId(piece);
  const url = requiredText(piece, "image_url");
  if (!WEB_ADDRESS.test(url) && !DATA_ADDRESS.test(url))
    throw invalid(
      piece.at("image_url"),
      `${piece.at("image_url")} must be an address that begins with https://, or a data address in base64`,
    );
  return { kind: "image", url, detail: piece.string("detail") ?? null };
}

/** What base64 has none of. */
const NOT_BASE64 = /[^A-Za-z0-9+/=\s]/;
const CHECKED_CHARACTERS = 1024;
const PLAIN_BASE64_TYPE = "application/octet-stream";

function fileIn(piece: Fields): InputFile {
  refuseFileId(piece);
  const name = text(piece, "filename", MAX_ID_CHARACTERS) ?? null;
  const url = text(piece, "file_url");
  if (url !== undefined) {
    if (WEB_ADDRESS.test(url)) return { kind: "file", name, url };
    throw invalid(
      piece.at("file_url"),
      `${piece.at("file_url")} must be an address that begins with https://`,
    );
  }
  const data = requiredText(piece, "file_data");
  if (DATA_ADDRESS.test(data)) return { kind: "file", name, url: data };
  if (data === "" || NOT_BASE64.test(data.slice(0, CHECKED_CHARACTERS)))
    throw invalid(
      piece.at("file_data"),
      `${piece.at("file_data")} must be a data address, or base64`,
    );
  return { kind: "file", name, url: `data:${PLAIN_BASE64_TYPE};base64,${data}` };
}

function refuseFileId(piece: Fields): void {
  if (piece.has("file_id"))
    throw invalid(
      piece.at("file_id"),
      "Files cannot be named by an id here. Send the bytes instead, as a data address",
    );
}

/** The words of a tool's output. */
function outputIn(item: Fields): string {
  if (!Array.isArray(item.any("output"))) return requiredText(item, "output");
  return (item.list("output", { max: MAX_PIECES }) ?? [])
    .map(({ value, path }) => {
      const piece = fieldsOf(value, path);
      const type = piece.string("type");
      if (type === "input_text" || type === "output_text") return requiredText(piece, "text");
      throw invalid(
        piece.at("type"),
        "The output of a tool can only be text here: send it as a string or as parts of type input_text",
      );
    })
    .join("\n");
}

/** What a model thought: its reasoning where it was given, or else the summary of it, or else what was sealed here. */
function thoughtsIn(
  item: Fields,
): Pick<Extract<InputItem, { type: "reasoning" }>, "text" | "sealed"> {
  const textsIn = (name: string): string =>
    (item.list(name, { max: MAX_PIECES }) ?? [])
      .map(({ value, path }) => text(fieldsOf(value, path), "text") ?? "")
      .join("");
  const said = textsIn("content") || textsIn("summary");
  const sealed = text(item, "encrypted_content") ?? "";
  if (said !== "" || !isSealedHere(sealed)) return { text: said };
  return { text: "", sealed: { text: sealed, field: item.at("encrypted_content") } };
}
