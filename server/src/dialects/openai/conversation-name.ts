import type { IncomingHttpHeaders } from "node:http";
import { checkName } from "../../domain/text.ts";
import { headerText } from "./admission.ts";
import { type Fields, invalid, wrongType } from "./fields.ts";
import type { Metadata } from "./metadata.ts";

/** Headers by which front ends name their chats, unasked. */
const HEADERS_OF_FRONT_ENDS = ["x-openwebui-chat-id", "session-id", "session_id"];

/**
 * What a request calls the conversation in which it is to be kept: `conv_…`, or a name that the client made up. Null: it
 * is not to be kept in one. Nothing else names a conversation, least of all what was said.
 * @throws AppError invalid_request if two that the request was written with differ, or one is no usable name
 */
export function conversationNameIn(
  headers: IncomingHttpHeaders,
  body: Fields,
  metadata: Metadata | null,
): string | null {
  const named: readonly (readonly [field: string, name: string | undefined])[] = [
    ["X-Conversation-Id", headerText(headers["x-conversation-id"])],
    ["conversation", nameInBody(body)],
    ["metadata.conversation_id", metadata?.conversation_id],
  ];
  // A chore of a front end, such as a title, is no part of what its user says.
  if (headerText(headers["x-openwebui-task"])) return null;
  let first: string | undefined;
  for (const [field, name] of named) {
    if (name === undefined) continue;
    checkName(name, field);
    if (first !== undefined && first !== name)
      throw invalid(
        field,
        `Invalid '${field}': it names another conversation than the request does elsewhere. Send one of the names.`,
      );
    first = name;
  }
  if (first !== undefined) return first;
  for (const header of HEADERS_OF_FRONT_ENDS) {
    const name = headerText(headers[header]);
    if (name === undefined) continue;
    checkName(name, header);
    return name;
  }
  return null;
}

function nameInBody(body: Fields): string | undefined {
  const conversation = body.any("conversation");
  if (conversation === undefined || typeof conversation === "string") return conversation;
  if (typeof conversation !== "object")
    throw wrongType("conversation", "a string or an object", conversation);
  return body.object("conversation")?.string("id");
}
