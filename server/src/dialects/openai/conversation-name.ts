import type { IncomingHttpHeaders } from "node:http";
import { checkName, MAX_NAME_CHARACTERS } from "../../domain/text.ts";
import { headerText } from "./admission.ts";
import { type Fields, invalid, outOfBounds, required, wrongType } from "./fields.ts";
import type { Metadata } from "./metadata.ts";

/** Headers by which front ends name their chats, unasked. */
const HEADERS_OF_FRONT_ENDS = ["x-openwebui-chat-id", "session-id", "session_id"];
const HEADERS = ["x-conversation-id", ...HEADERS_OF_FRONT_ENDS];

/** What a request calls the conversation in which it is to be kept. */
export type ConversationName = {
  /** `conv_…`, or a name that the client made up. */
  readonly name: string;
  /**
   * What says it: the body's `conversation`, whatever else says it as well; what its sender wrote otherwise (a header,
   * metadata); or a header that a front end sends unasked.
   */
  readonly by: "field" | "sender" | "front_end";
};

/**
 * The conversation in which a request is to be kept; null: in none that it names. Nothing else names a conversation, least
 * of all what was said.
 * @throws AppError invalid_request if two that the request was written with differ, or one is no usable name
 */
export function conversationNameIn(
  headers: IncomingHttpHeaders,
  body: Fields,
  metadata: Metadata | null,
): ConversationName | null {
  const field = nameInBody(body);
  const named: readonly (readonly [field: string, name: string | undefined])[] = [
    ["X-Conversation-Id", headerText(headers["x-conversation-id"])],
    ["conversation", field],
    ["metadata.conversation_id", metadata?.conversation_id || undefined],
  ];
  if (isChore(headers)) return null;
  let first: string | undefined;
  for (const [place, name] of named) {
    if (name === undefined) continue;
    checkConversationName(name, place);
    if (first !== undefined && first !== name)
      throw invalid(
        place,
        `Invalid '${place}': it names another conversation than the request does elsewhere. Send one of the names.`,
      );
    first = name;
  }
  if (first !== undefined) return { name: first, by: field === undefined ? "sender" : "field" };
  for (const header of HEADERS_OF_FRONT_ENDS) {
    const name = headerText(headers[header]);
    if (name === undefined) continue;
    checkConversationName(name, header);
    return { name, by: "front_end" };
  }
  return null;
}

/** Whether that is a chore of a front end, such as a title, which is no part of what its user says. */
export const isChore = (headers: IncomingHttpHeaders): boolean =>
  headerText(headers["x-openwebui-task"]) !== undefined;

function checkConversationName(name: string, place: string): void {
  if (name.length > MAX_NAME_CHARACTERS)
    throw outOfBounds(place, "string", "above", MAX_NAME_CHARACTERS, name.length);
  checkName(name, place);
}

/** Undefined where the body names none; "" is none. */
function nameInBody(body: Fields): string | undefined {
  const conversation = body.any("conversation");
  if (conversation === undefined || typeof conversation === "string")
    return conversation || undefined;
  if (typeof conversation !== "object")
    throw wrongType("conversation", "a string or an object", conversation);
  const fields = body.object("conversation");
  return required(fields?.string("id"), "conversation.id") || undefined;
}

/** All that the headers of a request say of where it is to be kept, as one text; "" where they say nothing. */
export const namesInHeaders = (headers: IncomingHttpHeaders): string =>
  HEADERS.map((header) => headerText(headers[header]) ?? "")
    .join("\n")
    .trim();
