import type { Capabilities } from "../../core/voice/outputs.ts";
import { AppError } from "../../domain/errors.ts";
import { checkJsonBounds } from "../../domain/json-bounds.ts";

/** What a client of wire 003 may say. */
export type ClientMessage =
  | {
      readonly type: "start_conversation";
      /** Null: the client asks for nothing beyond the document. */
      readonly capabilities: Capabilities | null;
      readonly conversationId: string | null;
      readonly language: string | null;
      readonly userId: string | null;
      readonly resumeToken: string | null;
    }
  | { readonly type: "audio_chunk"; readonly audioData: string }
  | { readonly type: "text_input"; readonly text: string }
  | { readonly type: "interrupt" }
  | { readonly type: "playback"; readonly replyId: string; readonly playedMs: number }
  | { readonly type: "end_conversation" };

/** What is wrong with a message, before anything is done about it. */
export type Malformed =
  | { readonly type: "invalid_json" }
  | { readonly type: "unknown_type"; readonly named: string };

const MAX_NAME_CHARACTERS = 100;
/** As long as a tag of a language needs to be (RFC 5646). */
const MAX_LANGUAGE_CHARACTERS = 35;
/** A message has half a dozen fields; a later version may add some. */
const JSON_BOUNDS = { maxDepth: 20, maxValues: 1_000 };

/**
 * Reads a message; what is optional and absent is null.
 * @throws AppError invalid_request when a field is missing or of another type
 */
export function readMessage(text: string): ClientMessage | Malformed {
  const message = parseObject(text);
  if (!message) return { type: "invalid_json" };
  const { type } = message;
  switch (type) {
    case "start_conversation":
      return {
        type,
        capabilities: capabilitiesOf(message.capabilities),
        conversationId: optionalText(message, "conversation_id"),
        language: optionalText(message, "language")?.slice(0, MAX_LANGUAGE_CHARACTERS) ?? null,
        userId: optionalText(message, "user_id"),
        resumeToken: optionalText(message, "resume_token"),
      };
    case "audio_chunk":
      return { type, audioData: requiredText(message, "audio_data") };
    case "text_input":
      return { type, text: requiredText(message, "text") };
    case "playback":
      return {
        type,
        replyId: requiredText(message, "response_id"),
        playedMs: requiredMilliseconds(message, "played_ms"),
      };
    case "interrupt":
    case "end_conversation":
      return { type };
    default:
      return { type: "unknown_type", named: nameOf(type).slice(0, MAX_NAME_CHARACTERS) };
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Lists and objects are not shown: they may be nested too deeply to be written. */
function nameOf(type: unknown): string {
  if (typeof type === "object" && type !== null)
    return Array.isArray(type) ? "a list" : "an object";
  return type === undefined ? "none" : String(type);
}

function parseObject(text: string): Fields | null {
  try {
    checkJsonBounds(text, JSON_BOUNDS);
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : null;
  } catch {
    return null;
  }
}

function optionalText(message: Fields, field: string): string | null {
  const value = message[field] ?? null;
  if (value !== null && typeof value !== "string") throw wrong(field, "must be a string");
  return value;
}

function requiredText(message: Fields, field: string): string {
  const value = optionalText(message, field);
  if (value === null) throw wrong(field, "field is required");
  return value;
}

function requiredMilliseconds(message: Fields, field: string): number {
  const value = message[field];
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw wrong(field, "must be a number of milliseconds");
  return value;
}

/** An unknown capability belongs to a later version and is ignored. */
function capabilitiesOf(value: unknown): Capabilities | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw wrong("capabilities", "must be a list of strings");
  return {
    segments: value.includes("segments"),
    vad: value.includes("vad"),
    interrupt: value.includes("interrupt"),
    metrics: value.includes("metrics"),
    questions: value.includes("questions"),
  };
}

const wrong = (field: string, what: string): AppError =>
  new AppError("invalid_request", `${field} ${what}`, { field });
