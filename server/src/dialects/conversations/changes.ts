import type {
  ConversationChange,
  ConversationDraft,
  Conversations,
  Idempotency,
  MessageDraft,
} from "../../core/conversations.ts";
import type { ConversationWithMessages } from "../../domain/conversation.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import type { Principal, Speaker } from "../../domain/principal.ts";
import { isUuid } from "../../http/uuid.ts";
import { draftsOf, type SentMessage, withoutOtherIds, withStoredTimes } from "./messages.ts";
import { ORIGIN } from "./parts.ts";

/** Stores a conversation; an id that another message of the user has is not kept. */
export async function createConversation(
  conversations: Conversations,
  owner: Speaker,
  draft: ConversationDraft,
  messages: readonly SentMessage[],
  idempotency: Idempotency | null,
): Promise<ConversationWithMessages> {
  const drafts = await draftsOf(messages);
  const create = (list: readonly MessageDraft[]) =>
    conversations.create(owner, ORIGIN, draft, list, idempotency);
  return create(drafts).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
    return create(withoutOtherIds(drafts, []));
  });
}

/** Changes what is given. @throws AppError not_found, invalid_request */
export async function changeConversation(
  conversations: Conversations,
  principal: Principal,
  conversationId: string,
  change: Omit<ConversationChange, "messages">,
  messages: readonly SentMessage[] | undefined,
): Promise<ConversationWithMessages> {
  checkId(conversationId);
  const stored = () => conversations.messages(principal, conversationId);
  if (!messages) {
    // This comes first, because a change that cannot be answered must not be made.
    const list = await stored();
    return { ...(await conversations.change(principal, conversationId, change)), messages: list };
  }
  const apply = async (list: readonly MessageDraft[]) => ({
    ...(await conversations.change(principal, conversationId, { ...change, messages: list })),
    messages: await stored(),
  });
  const sent = await draftsOf(messages);
  const isTimeless = sent.some((draft) => !draft.createdAt);
  const drafts = isTimeless ? await withStoredTimes(sent, await stored()) : sent;
  return apply(drafts).catch(async (error: unknown) => {
    if (!isConflict(error)) throw error;
    return apply(withoutOtherIds(drafts, await stored()));
  });
}

/** @throws AppError not_found for what cannot be an id of ours */
export function checkId(conversationId: string): void {
  if (!isUuid(conversationId)) throw notFound("conversation");
}

const isConflict = (error: unknown): boolean =>
  error instanceof AppError && error.code === "conflict";
