// Where a history that a client holds itself is kept, and what of it is new there.
import type { Conversations } from "../../core/conversations.ts";
import {
  comparedMessage,
  comparedPrompt,
  isOfConversation,
  overlayOf,
} from "../../core/turns/overlay.ts";
import type { PromptMessage, TurnPlace, TurnTarget } from "../../core/turns/turn.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { notFound } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { uuidIn } from "./ids.ts";

type KeptConversations = Pick<Conversations, "draft" | "findByAlias" | "get" | "messages">;

/** The place of a history in a conversation. */
export type KeptPlace = {
  readonly target: Extract<TurnTarget, { kind: "alias" | "existing" }>;
  /** How many of the messages that were sent are stored already: the rest is new. */
  readonly known: number;
};

/** The conversation of that name; null: it has not begun. @throws AppError not_found for an id that is nobody's */
export async function conversationNamed(
  conversations: Pick<Conversations, "findByAlias" | "get">,
  owner: Owner,
  name: string,
): Promise<Conversation | null> {
  if (!name.startsWith("conv_")) return conversations.findByAlias(owner, name);
  const id = uuidIn("conv_", name);
  if (id === null) throw notFound("conversation");
  return conversations.get(owner, id);
}

/**
 * Lays the history over the conversation of that name.
 * @param sent messages of a conversation (core/turns/overlay.ts), oldest first
 * @param begin what the conversation is, where it begins now
 * @throws AppError not_found, invalid_request
 */
export async function keptPlace(
  conversations: KeptConversations,
  owner: Owner,
  name: string,
  sent: readonly PromptMessage[],
  begin: { readonly origin: string; readonly agentId?: string | null },
): Promise<KeptPlace> {
  const known = await conversationNamed(conversations, owner, name);
  if (known) return placeIn(conversations, owner, known, sent);
  const { origin, agentId = null } = begin;
  const conversation = conversations.draft(origin, { alias: name, agentId });
  return { target: { kind: "alias", conversation }, known: 0 };
}

/** What is new of the messages that were sent, and where it goes; without a place at the end. */
async function placeIn(
  conversations: KeptConversations,
  owner: Owner,
  { id }: Conversation,
  sent: readonly PromptMessage[],
): Promise<KeptPlace> {
  const path = await conversations.messages(owner, id, { everyRole: true });
  const stored = path.filter(isOfConversation);
  const overlay = overlayOf(
    await mapInPieces(stored, comparedMessage),
    await mapInPieces(sent, comparedPrompt),
  );
  const at = (place: TurnPlace | null): KeptPlace => ({
    target: { kind: "existing", conversationId: id, ...(place && { place }) },
    known: overlay.sent,
  });
  const last = stored[overlay.stored - 1];
  if (last) return at({ kind: "after", messageId: last.id });
  const [first] = stored;
  return at(first?.role === "user" ? { kind: "version", questionId: first.id } : null);
}
