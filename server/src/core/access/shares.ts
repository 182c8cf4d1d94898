import type { Credential } from "../../domain/access.ts";
import { actorOf } from "../../domain/audit.ts";
import { branchOf } from "../../domain/branches.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import { type Owner, ownerOf, type Principal } from "../../domain/principal.ts";
import { DEFAULT_SHARE_DAYS, type ListedShare, MAX_SHARE_DAYS } from "../../domain/share.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { MintShareToken, ShareStore } from "../../ports/share-store.ts";
import type { ConversationStore, Idempotency, MessageStore } from "../../ports/store.ts";

/** What a link shows: only what a person said and what was answered, and no id. */
export type SharedConversation = {
  readonly title: string | null;
  readonly sharedAt: Date;
  readonly expiresAt: Date;
  /** Those of the roles user and assistant, oldest first. */
  readonly messages: readonly Message[];
};

/** Links to conversations: windows on the stored messages, so that what is deleted is no longer shown. */
export type Shares = {
  /** SHARE_LINKS: whether links are made and opened. */
  readonly isOn: boolean;
  /** @throws AppError forbidden, not_found, invalid_request, conflict; also those of Idempotency */
  create(
    principal: Principal,
    draft: ShareDraft,
    idempotency?: Idempotency | null,
  ): Promise<ListedShare>;
  /** Newest first. */
  list(owner: Owner): Promise<ListedShare[]>;
  /** @throws AppError not_found */
  revoke(principal: Principal, shareId: string): Promise<void>;
  /** What the token of a link is worth. @throws AppError not_found */
  open(token: string): Promise<Credential>;
  /** What the principal of such a credential may read. @throws AppError not_found, forbidden */
  read(principal: Principal): Promise<SharedConversation>;
};

export type ShareDraft = {
  readonly conversationId: string;
  /** The last message that is shown; default: the latest of the active branch. */
  readonly messageId?: string | null | undefined;
  readonly expiresInDays?: number | null | undefined;
};

export type ShareParts = {
  readonly store: ShareStore &
    Pick<ConversationStore, "getConversation"> &
    Pick<MessageStore, "getMessage" | "listMessages">;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly mintToken: MintShareToken;
  readonly isOn: boolean;
};

const DAY_MS = 24 * 60 * 60_000;

const ended = () =>
  new AppError(
    "not_found",
    "This link does not work: it has expired, was revoked, or its conversation was deleted. Whoever sent it can make another",
    { resource: "share" },
  );

export function createShares({ store, clock, newId, mintToken, isOn }: ShareParts): Shares {
  const lastSequenceOf = async (
    owner: Owner,
    conversationId: string,
    messageId: string | null,
  ): Promise<number> => {
    if (messageId !== null) {
      const message = await store.getMessage(owner, messageId);
      if (message?.conversationId !== conversationId) throw notFound("message");
      return message.sequence;
    }
    const latest = await store.listMessages(owner, conversationId, { limit: 1 });
    if (!latest) throw notFound("conversation");
    const [last] = latest;
    if (!last)
      throw new AppError("conflict", "This conversation has no messages yet that could be shared");
    return last.sequence;
  };

  return {
    isOn,
    async create(principal, draft, idempotency) {
      if (!isOn)
        throw new AppError(
          "forbidden",
          "Links are switched off on this server. Whoever runs it can allow them with SHARE_LINKS=true",
        );
      const { conversationId, messageId = null, expiresInDays } = draft;
      const days = expiresInDays ?? DEFAULT_SHARE_DAYS;
      if (!(Number.isInteger(days) && days >= 1 && days <= MAX_SHARE_DAYS))
        throw new AppError("invalid_request", `expires_in_days must be 1 to ${MAX_SHARE_DAYS}`, {
          field: "expires_in_days",
        });
      const owner = ownerOf(principal);
      const conversation = await store.getConversation(owner, conversationId);
      if (!conversation) throw notFound("conversation");
      const lastSequence = await lastSequenceOf(owner, conversationId, messageId);
      const createdAt = clock.now();
      const expiresAt = new Date(createdAt.getTime() + days * DAY_MS);
      const made = await store.createShare(
        owner,
        { id: newId(), token: mintToken(), conversationId, lastSequence, createdAt, expiresAt },
        { at: createdAt, actor: actorOf(principal) },
        idempotency,
      );
      return { ...made, title: conversation.title };
    },
    list: (owner) => store.listShares(ownerOf(owner), clock.now()),
    async revoke(principal, shareId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await store.deleteShare(ownerOf(principal), shareId, stamp))) throw notFound("share");
    },
    async open(token) {
      const found = isOn ? await store.findShare(token, clock.now()) : null;
      if (!found) throw ended();
      return { kind: "shared", shared: found };
    },
    async read(principal) {
      const { onlyShare } = principal;
      if (!onlyShare) throw ended();
      const { conversationId, lastSequence, createdAt, expiresAt } = onlyShare;
      const owner = ownerOf(principal);
      const conversation = await store.getConversation(owner, conversationId);
      const branch = branchOf(lastSequence);
      // A branch that was deleted since is refused as a mistake of the request.
      const stored = await store
        .listMessages(owner, conversationId, { branch })
        .catch((error: unknown) => {
          if (error instanceof AppError && error.code === "invalid_request") return null;
          throw error;
        });
      const messages = stored?.filter(
        ({ role, sequence }) =>
          sequence <= lastSequence && (role === "user" || role === "assistant"),
      );
      if (!conversation || !messages?.length) throw ended();
      return { title: conversation.title, sharedAt: createdAt, expiresAt, messages };
    },
  };
}
