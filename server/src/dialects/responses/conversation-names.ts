// How a request says in which conversation it is to be kept.
import type { IncomingHttpHeaders } from "node:http";
import { OpenAiError } from "../openai/errors.ts";
import type { Asked } from "./request.ts";

/** Of the alias of a conversation. */
const MAX_NAME_CHARACTERS = 256;
const HEADER = "x-conversation-id";
/** What front ends send unasked; counts only for what is stored. */
const OTHER_HEADERS = ["x-openwebui-chat-id"];

/**
 * The request with the conversation that its headers or its metadata name.
 * @throws AppError invalid_request where two names differ
 */
export function inNamedConversation(asked: Asked, headers: IncomingHttpHeaders): Asked {
  const names = [
    ["conversation", asked.conversation],
    ["X-Conversation-Id", named(headers[HEADER])],
    ["metadata.conversation_id", metadataName(asked)],
    ...OTHER_HEADERS.map((header) => [header, named(headers[header])] as const),
  ] as const;
  const [first, ...others] = names.flatMap(([field, name]) => (name ? [{ field, name }] : []));
  if (!first) return asked;
  const other = others.find(({ name }) => name !== first.name);
  if (other)
    throw new OpenAiError(
      "invalid_request",
      "mutually_exclusive_parameters",
      `${other.field} and ${first.field} name different conversations`,
      other.field,
    );
  if (first.name.length > MAX_NAME_CHARACTERS)
    throw new OpenAiError(
      "invalid_request",
      "string_above_max_length",
      `${first.field} may have at most ${MAX_NAME_CHARACTERS} characters`,
      first.field,
    );
  // What goes on from a response is kept where that is.
  const isElsewhere = asked.previousResponseId !== null || !asked.isStored;
  return isElsewhere ? asked : { ...asked, conversation: first.name };
}

/** A placeholder that its sender has not filled in counts as absent. */
const named = (value: string | string[] | undefined): string | null =>
  typeof value === "string" && value !== "" && !value.includes("{{") ? value : null;

function metadataName({ echo: { metadata } }: Asked): string | null {
  const pairs = metadata as Readonly<Record<string, string>> | undefined;
  return pairs?.conversation_id || null;
}
