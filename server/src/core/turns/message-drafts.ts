// Messages that are stored without a turn: what a client gives of one, and what is stored.
import { AppError } from "../../domain/errors.ts";
import type { Attachment } from "../../domain/file.ts";
import { documentOf, type Role } from "../../domain/message.ts";
import { checkParts } from "../../domain/part-checks.ts";
import type { Part } from "../../domain/parts.ts";
import { checkMessageText, MAX_REPLY_CHARACTERS } from "../../domain/text.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import type { NewMessage } from "../../ports/store.ts";
import type { TurnParts } from "./turn.ts";

type Made = Pick<TurnParts, "clock" | "newId">;

export type MessageDraft = {
  readonly id?: string | undefined;
  readonly role: Role;
  readonly content: string;
  /** All of it, where the words are not all. */
  readonly parts?: readonly Part[] | undefined;
  /** Files of the speaker's; absent: none. */
  readonly attachments?: readonly Attachment[] | undefined;
  readonly createdAt?: Date | undefined;
};

const MAX_MESSAGES = 20_000;

/** @param field what it is called in the request @throws AppError invalid_request */
export function messageOfDraft(
  { clock, newId }: Made,
  { id, role, content, parts, attachments, createdAt }: MessageDraft,
  field: string,
): NewMessage {
  if (!parts && !(attachments && content === ""))
    checkMessageText(content, field, role === "assistant" ? MAX_REPLY_CHARACTERS : undefined);
  return {
    id: id ?? newId(),
    role,
    content,
    ...(parts && documentOf(checkParts(parts, field, { resultsAlone: role === "tool" }))),
    ...(attachments && { attachments }),
    model: null,
    createdAt: createdAt ?? clock.now(),
  };
}

/** @throws AppError invalid_request, too_large */
export async function messagesOfDrafts(
  made: Made,
  messages: readonly MessageDraft[],
): Promise<NewMessage[]> {
  if (messages.length > MAX_MESSAGES)
    throw new AppError(
      "too_large",
      `A conversation takes at most ${MAX_MESSAGES} messages at once`,
      { field: "messages" },
    );
  return mapInPieces(messages, (message, index) =>
    messageOfDraft(made, message, `messages[${index}].content`),
  );
}
