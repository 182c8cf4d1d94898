import { AppError } from "../../domain/errors.ts";
import { checkJsonBounds } from "../../domain/json-bounds.ts";

/** What a client may say on the socket. */
export type Frame =
  | {
      readonly type: "message";
      readonly content: string;
      /** Undefined: the one of the socket, at first the user's latest; null: a new one. */
      readonly conversationId: string | null | undefined;
      readonly isStreamed: boolean;
      readonly userId: string | undefined;
    }
  | { readonly type: "stop" };

/** A message has half a dozen fields; a later version may add some. */
const JSON_BOUNDS = { maxDepth: 20, maxValues: 1_000 };

/** @throws AppError invalid_request */
export function readFrame(message: string | Uint8Array): Frame {
  if (typeof message !== "string") throw invalid("Send text messages, not binary ones");
  const frame = parse(message);
  const { type, content, conversation_id, stream, user_id } = frame;
  if (type === undefined) throw invalid("type field is required", "type");
  if (type === "stop") return { type };
  if (type !== "message") throw invalid("type must be one of: message, stop", "type");
  if (content === undefined) throw invalid("content field is required", "content");
  if (typeof content !== "string") throw invalid("content must be a string", "content");
  if (!isText(conversation_id) && conversation_id !== null)
    throw invalid("conversation_id must be a string or null", "conversation_id");
  if (stream !== undefined && typeof stream !== "boolean")
    throw invalid("stream must be true or false", "stream");
  if (!isText(user_id)) throw invalid("user_id must be a string", "user_id");
  return {
    type,
    content,
    conversationId: conversation_id === "" ? undefined : conversation_id,
    isStreamed: stream === true,
    userId: user_id,
  };
}

function parse(text: string): Record<string, unknown> {
  checkJsonBounds(text, JSON_BOUNDS);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("The message is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid("The message must be a JSON object");
  return value as Record<string, unknown>;
}

const isText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === "string";

const invalid = (message: string, field?: string): AppError =>
  new AppError("invalid_request", message, field === undefined ? {} : { field });
