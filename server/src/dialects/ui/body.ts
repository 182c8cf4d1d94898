// What useChat sends (the AI SDK's UIMessage), read into what this wire makes of it.
import type { ToolOffer } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { ToolOutcome } from "../../domain/parts.ts";
import { checkName } from "../../domain/text.ts";
import { type Fields, fieldsOf, type Item, required } from "../openai/fields.ts";

/** A call of one of the page's tools, as a message of the assistant shows it. */
export type SentCall = {
  readonly callId: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
  /** What the tool gave; null: it has not ended. */
  readonly result: { readonly outcome: ToolOutcome; readonly text: string } | null;
};

export type SentFile = {
  readonly url: string;
  readonly mediaType: string;
  readonly name: string;
  /** Of its URL in the body. */
  readonly path: string;
};

/** A message of the list. */
export type SentMessage = {
  /** As its client named it; null: it did not. */
  readonly id: string | null;
  readonly role: "user" | "assistant";
  /** Its words, joined. */
  readonly text: string;
  readonly files: readonly SentFile[];
  readonly calls: readonly SentCall[];
  /** Of the message in the body. */
  readonly path: string;
};

export type AskedChat = {
  /** The client's name for the conversation. */
  readonly id: string;
  /** Of the whole conversation, or where `isWhole` is false the newest alone. */
  readonly messages: readonly SentMessage[];
  readonly isWhole: boolean;
  readonly isRegeneration: boolean;
  /** The message that is meant; null: the last. */
  readonly messageId: string | null;
  readonly model: string | null;
  readonly temperature: number | null;
  /** What the page's system messages say; empty: nothing. */
  readonly instructions: string;
  readonly tools: readonly ToolOffer[];
};

const MAX_MESSAGES = 10_000;
const MAX_PARTS = 1_000;
const MAX_TOOLS = 128;
const MAX_ID_CHARACTERS = 256;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const ROLES = ["user", "assistant", "system"] as const;

/** @throws AppError invalid_request */
export function readChat(body: unknown): AskedChat {
  const fields = fieldsOf(body);
  const id = required(fields.string("id"), "id");
  checkName(id, "id");
  const list = fields.list("messages", { max: MAX_MESSAGES });
  const one: Item[] = fields.has("message")
    ? [{ path: "message", value: fields.any("message") }]
    : [];
  const isRegeneration =
    fields.oneOf("trigger", ["submit-message", "regenerate-message", "submit-user-message"]) ===
    "regenerate-message";
  if (!list && one.length === 0 && !isRegeneration)
    throw refused(
      "messages",
      "messages field is required: the list that useChat keeps, or message",
    );
  const read = (list ?? one).map(readMessage);
  const messages = read.flatMap((message) => (message.role === "system" ? [] : [message]));
  const system = [
    fields.string("system") ?? "",
    ...read.flatMap((message) => (message.role === "system" ? [message.text] : [])),
  ];
  return {
    id,
    messages,
    isWhole: list !== undefined,
    isRegeneration,
    messageId: fields.string("messageId", { max: MAX_ID_CHARACTERS }) || null,
    model: fields.string("model") || null,
    temperature: fields.number("temperature", { min: 0, max: 2 }) ?? null,
    instructions: system.filter((text) => /\S/u.test(text)).join("\n\n"),
    tools: readTools(fields),
  };
}

type ReadMessage = SentMessage | (Pick<SentMessage, "text"> & { readonly role: "system" });

function readMessage({ path, value }: Item): ReadMessage {
  const fields = fieldsOf(value, path);
  const role = required(fields.oneOf("role", ROLES), fields.at("role"));
  const parts = (fields.list("parts", { max: MAX_PARTS }) ?? []).map((part) =>
    fieldsOf(part.value, part.path),
  );
  const typed = parts.map((part) => ({
    part,
    type: required(part.string("type"), part.at("type")),
  }));
  const words = typed.flatMap(({ part, type }) =>
    type === "text" ? required(part.string("text"), part.at("text")) : [],
  );
  // Older clients, and people who write by hand, send the words as `content`.
  const text = parts.length > 0 ? words.join("") : (fields.string("content") ?? "");
  if (role === "system") return { role, text };
  return {
    id: fields.string("id", { max: MAX_ID_CHARACTERS }) || null,
    role,
    text,
    path,
    files: typed.flatMap(({ part, type }) => (type === "file" ? readFile(part) : [])),
    calls: typed.flatMap(({ part, type }) => {
      if (type === "dynamic-tool")
        return readCall(part, required(part.string("toolName"), part.at("toolName")));
      return type.startsWith("tool-") ? readCall(part, type.slice("tool-".length)) : [];
    }),
  };
}

function readFile(part: Fields): SentFile {
  return {
    url: required(part.string("url"), part.at("url")),
    mediaType: required(part.string("mediaType"), part.at("mediaType")),
    name: part.string("filename") || "file",
    path: part.at("url"),
  };
}

/** A call whose arguments are still on their way was broken off, and is nobody's to answer. */
function readCall(part: Fields, name: string): SentCall[] {
  const state = part.string("state") ?? "input-available";
  if (state === "input-streaming") return [];
  if (!TOOL_NAME.test(name)) throw refused(part.at("type"), `'${name.slice(0, 64)}' names no tool`);
  const given = part.any("input") ?? {};
  return [
    {
      callId: required(part.string("toolCallId", { min: 1, max: 256 }), part.at("toolCallId")),
      name,
      arguments: typeof given === "string" ? given : JSON.stringify(given),
      result: resultIn(part, state),
    },
  ];
}

function resultIn(part: Fields, state: string): SentCall["result"] {
  if (state === "output-available") return { outcome: "ok", text: textOf(part.any("output")) };
  if (state === "output-error")
    return { outcome: "failed", text: part.string("errorText") ?? "The tool failed" };
  return state === "output-denied" ? { outcome: "declined", text: "" } : null;
}

const textOf = (output: unknown): string =>
  typeof output === "string" ? output : JSON.stringify(output ?? null);

/** OpenAI's list of functions, or an object of them by their names. */
function readTools(fields: Fields): readonly ToolOffer[] {
  const given = fields.any("tools");
  if (given === undefined) return [];
  const found = Array.isArray(given)
    ? (fields.list("tools", { max: MAX_TOOLS }) ?? []).map(({ path, value }) => {
        const tool = fieldsOf(value, path);
        const described = tool.object("function") ?? tool;
        return { described, name: required(described.string("name"), described.at("name")) };
      })
    : Object.keys(fields.json("tools") ?? {}).map((name) => {
        const tools = fieldsOf(given, fields.at("tools"));
        return { described: required(tools.object(name), tools.at(name)), name };
      });
  if (found.length > MAX_TOOLS)
    throw refused("tools", `tools has ${found.length} tools: at most ${MAX_TOOLS} are taken`);
  for (const { described, name } of found)
    if (!TOOL_NAME.test(name))
      throw refused(described.path, "A tool's name has 1 to 64 letters, digits, _ and -");
  if (new Set(found.map(({ name }) => name)).size < found.length)
    throw refused("tools", "tools must not have two tools of one name");
  return found.map(({ described, name }) => ({
    name,
    description: described.string("description") ?? null,
    parameters: described.json("parameters") ?? described.json("inputSchema") ?? null,
    strict: described.boolean("strict") ?? null,
  }));
}

export const refused = (field: string, message: string): AppError =>
  new AppError("invalid_request", message, { field });
