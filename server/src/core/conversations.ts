import { actorOf, type Stamp } from "../domain/audit.ts";
import { branchOf, type Versions, versionsAmong } from "../domain/branches.ts";
import type {
  Conversation,
  ConversationMetadata,
  ConversationWithMessages,
} from "../domain/conversation.ts";
import { titleFrom } from "../domain/conversation.ts";
import { checkFields } from "../domain/conversation-fields.ts";
import { notFound } from "../domain/errors.ts";
import { given } from "../domain/given.ts";
import type { Message, TurnRecord } from "../domain/message.ts";
import { type Owner, ownerOf, type Principal, type Speaker } from "../domain/principal.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { SearchStore } from "../ports/search.ts";
import type {
  ConversationListQuery,
  ConversationPatch,
  ConversationStore,
  Idempotency,
  MessageStore,
  NewConversation,
  NewMessage,
  TurnStore,
} from "../ports/store.ts";
import type { Models } from "./models.ts";
import { type MessageDraft, messageOfDraft, messagesOfDrafts } from "./turns/message-drafts.ts";
import type { Turns } from "./turns/turn.ts";

export type { Idempotency, NewConversation } from "../ports/store.ts";
export type { MessageDraft } from "./turns/message-drafts.ts";

/** A conversation as a client describes it; what is absent gets its default. */
export type ConversationDraft = {
  readonly title?: string | null | undefined;
  readonly isPinned?: boolean | undefined;
  readonly agentId?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly mode?: string | null | undefined;
  readonly alias?: string | undefined;
  readonly isHidden?: boolean | undefined;
  /** In no list, search or export, and deleted when its time is over; default: no. */
  readonly isTemporary?: boolean | undefined;
  readonly metadata?: ConversationMetadata | undefined;
  readonly projectId?: string | null | undefined;
};

export type ConversationChange = Pick<
  ConversationDraft,
  "title" | "isPinned" | "agentId" | "model" | "mode" | "metadata" | "projectId"
> & {
  readonly isArchived?: boolean | undefined;
  readonly messages?: readonly MessageDraft[] | undefined;
  readonly activeBranch?: number | undefined;
  readonly onlyIf?: ConversationPatch["onlyIf"] | undefined;
};

export type Page = { readonly limit?: number | undefined; readonly before?: string | undefined };

/**
 * Everything that can be done with conversations besides starting turns. Every method sees only the
 * owner's conversations.
 */
export type Conversations = {
  /** A conversation that a turn may begin. @throws AppError invalid_request */
  draft(origin: string, draft?: ConversationDraft): NewConversation;
  /** @throws AppError invalid_request, model_refused; also those of Idempotency */
  create(
    speaker: Speaker,
    origin: string,
    draft: ConversationDraft,
    messages: readonly MessageDraft[],
    idempotency?: Idempotency | null,
  ): Promise<ConversationWithMessages>;
  /** @throws AppError not_found */
  get(owner: Owner, conversationId: string): Promise<Conversation>;
  findByAlias(owner: Owner, alias: string): Promise<Conversation | null>;
  /** The user who owns the conversation. Only for a caller whom access.ts permits to act for the owner. */
  userOf(tenantId: string, conversationId: string): Promise<string | null>;
  list(
    owner: Owner,
    query: ConversationListQuery,
  ): Promise<{ items: Conversation[]; total: number }>;
  all(
    owner: Owner,
    options: Page & { readonly order: "newest" | "pinned" },
  ): AsyncIterable<ConversationWithMessages>;
  /** @throws AppError not_found, invalid_request, model_refused, conflict (onlyIf) */
  change(
    principal: Principal,
    conversationId: string,
    change: ConversationChange,
  ): Promise<Conversation>;
  /** Stops the conversation's replies and deletes the conversation with everything in it. @throws AppError not_found */
  delete(principal: Principal, conversationId: string): Promise<void>;
  /** The path of `page.branch`, or of the active branch. @throws AppError not_found, invalid_request */
  messages(
    owner: Owner,
    conversationId: string,
    page?: Page & {
      readonly branch?: number | undefined;
      /** Whether those of roles that not every wire shows are among them; default: no. */
      readonly everyRole?: boolean;
    },
  ): Promise<Message[]>;
  /** The versions of those of its messages that have several, by their ids. */
  versions(owner: Owner, conversationId: string): Promise<ReadonlyMap<string, Versions>>;
  /** @throws AppError not_found */
  message(owner: Owner, messageId: string): Promise<Message>;
  /**
   * Stores a message that asks nothing of a model, on that branch or on the active one.
   * @throws AppError not_found, invalid_request
   */
  append(
    owner: Owner,
    conversationId: string,
    message: MessageDraft,
    idempotency?: Idempotency | null,
    branch?: number,
  ): Promise<Message>;
  /** Stores several at once, which ask nothing of a model, on the active branch. @throws AppError not_found, invalid_request */
  appendAll(
    owner: Owner,
    conversationId: string,
    messages: readonly MessageDraft[],
    idempotency?: Idempotency | null,
  ): Promise<Message[]>;
  /** What the wires keep with the turns of a conversation, on every branch. */
  turnRecords(owner: Owner, conversationId: string): Promise<readonly TurnRecord[]>;
  /** @throws AppError not_found */
  deleteMessage(principal: Principal, messageId: string): Promise<void>;
  /**
   * Undoes a replacement: deletes the message and its reply, which is stopped, and restores the messages
   * that it replaced. Returns how many came back.
   * @param replacedBy the id of that message
   * @throws AppError not_found after a minute, conflict where more was said since
   */
  restore(principal: Principal, conversationId: string, replacedBy: string): Promise<number>;
  /** As SearchStore.search. */
  search: SearchStore["search"];
};

export type ConversationParts = {
  readonly store: ConversationStore &
    MessageStore &
    SearchStore &
    Pick<TurnStore, "latestTurn" | "restoreReplaced" | "turnRecords">;
  readonly turns: Pick<Turns, "stop">;
  readonly models: Pick<Models, "refusal">;
  readonly clock: Clock;
  readonly newId: NewId;
  /** How long a temporary conversation is kept. */
  readonly temporaryMs: number;
};

export function createConversations({
  store,
  turns,
  models,
  clock,
  newId,
  temporaryMs,
}: ConversationParts): Conversations {
  const stampOf = (principal: Principal): Stamp => ({
    at: clock.now(),
    actor: actorOf(principal),
  });
  const draft = (origin: string, wanted: ConversationDraft = {}): NewConversation => {
    const { title, isPinned, agentId, model, mode, alias, isTemporary, metadata } = wanted;
    checkFields({ title, agentId, model, mode });
    const createdAt = clock.now();
    return {
      id: newId(),
      title: title || null,
      isPinned: isPinned ?? false,
      agentId: agentId ?? null,
      model: model || null,
      mode: mode ?? null,
      origin,
      alias: alias ?? null,
      ...((wanted.isHidden || isTemporary) && { isHidden: true as const }),
      ...(isTemporary && { expiresAt: new Date(createdAt.getTime() + temporaryMs) }),
      ...(metadata && { metadata }),
      ...(wanted.projectId && { projectId: wanted.projectId }),
      createdAt,
    };
  };
  const checkModel = (speaker: Speaker, model: string | null | undefined): void => {
    const refusal = model ? models.refusal(model, speaker.models) : null;
    if (refusal) throw refusal;
  };
  const newMessages = (messages: readonly MessageDraft[]): Promise<NewMessage[]> =>
    messagesOfDrafts({ clock, newId }, messages);

  return {
    draft,
    async create(owner, origin, wanted, messages, idempotency) {
      const conversation = draft(origin, wanted);
      checkModel(owner, conversation.model);
      const firstWords = messages.find((message) => message.role === "user")?.content;
      const title = conversation.title ?? (firstWords ? titleFrom(firstWords) : null);
      return store.createConversation(
        owner,
        { ...conversation, title },
        await newMessages(messages),
        idempotency,
      );
    },
    async get(owner, conversationId) {
      return required(await store.getConversation(owner, conversationId), "conversation");
    },
    findByAlias: (owner, alias) => store.findConversationByAlias(owner, alias),
    userOf: (tenantId, conversationId) => store.userOfConversation(tenantId, conversationId),
    list: (owner, query) => store.listConversations(owner, query),
    all: (owner, { order, limit, before }) =>
      store.iterateConversations(owner, { order, ...given({ limit, before }) }),
    async change(principal, conversationId, change) {
      const { title, isPinned, agentId, model, mode, messages, activeBranch, onlyIf } = change;
      const { isArchived, metadata, projectId } = change;
      checkFields({ title, agentId, model, mode });
      checkModel(principal, model);
      const patch: ConversationPatch = {
        ...given({
          ...{ isPinned, isArchived, projectId, agentId, mode, metadata, activeBranch, onlyIf },
          title: title ?? undefined,
          model: model === "" ? null : model,
          messages: messages && (await newMessages(messages)),
        }),
        updatedAt: clock.now(),
      };
      return required(
        await store.updateConversation(
          ownerOf(principal),
          conversationId,
          patch,
          stampOf(principal),
        ),
        "conversation",
      );
    },
    async delete(principal, conversationId) {
      await turns.stop(principal, conversationId, "deleted");
      const stamp = stampOf(principal);
      if (!(await store.deleteConversation(ownerOf(principal), conversationId, stamp)))
        throw notFound("conversation");
    },
    async messages(owner, conversationId, page = {}) {
      return required(await store.listMessages(owner, conversationId, given(page)), "conversation");
    },
    async message(owner, messageId) {
      const message = await store.getMessage(owner, messageId);
      return required(message?.status === "streaming" ? null : message, "message");
    },
    async versions(owner, conversationId) {
      return versionsAmong(await store.listForks(owner, conversationId));
    },
    async append(owner, conversationId, message, idempotency, branch) {
      const added = messageOfDraft({ clock, newId }, message, "content");
      return required(
        await store.appendMessage(owner, conversationId, added, idempotency, branch),
        "conversation",
      );
    },
    async appendAll(owner, conversationId, messages, idempotency) {
      const [first, ...others] = await newMessages(messages);
      if (!first) return [];
      return required(
        await store.appendMessages(owner, conversationId, [first, ...others], idempotency),
        "conversation",
      );
    },
    turnRecords: (owner, conversationId) => store.turnRecords(owner, conversationId),
    async deleteMessage(principal, messageId) {
      if (!(await store.deleteMessage(ownerOf(principal), messageId, stampOf(principal))))
        throw notFound("message");
    },
    async restore(principal, conversationId, replacedBy) {
      const owner = ownerOf(principal);
      const question = await store.getMessage(owner, replacedBy);
      const branch = branchOf(question?.sequence ?? 0);
      const latest = question && (await store.latestTurn(owner, conversationId, branch));
      // If the conversation went on since, nothing is restored, so nothing may be stopped.
      if (latest?.userMessage.id === replacedBy)
        await turns.stop(principal, conversationId, "stopped", "all", branch);
      return store.restoreReplaced(owner, conversationId, replacedBy, stampOf(principal));
    },
    search: (owner, query, page) => store.search(owner, query, page),
  };
}

function required<T>(value: T | null, resource: "conversation" | "message"): T {
  if (value === null) throw notFound(resource);
  return value;
}
