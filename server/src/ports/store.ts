import type { Stamp } from "../domain/audit.ts";
import type { Fork } from "../domain/branches.ts";
import type {
  Conversation,
  ConversationMetadata,
  ConversationWithMessages,
} from "../domain/conversation.ts";
import type { Attachment } from "../domain/file.ts";
import type { Message, Role } from "../domain/message.ts";
import type { Part } from "../domain/parts.ts";
import type { Owner } from "../domain/principal.ts";
import type { AcceptedToolStore } from "./accepted-tools.ts";
import type { AgentStore } from "./agent-store.ts";
import type { Archive } from "./archive.ts";
import type { AuditStore } from "./audit-store.ts";
import type { BrowserSessionStore } from "./browser-sessions.ts";
import type { BudgetStore } from "./budget-store.ts";
import type { FileRows } from "./file-rows.ts";
import type { InvitationStore } from "./invitation-store.ts";
import type { KeyStore } from "./key-store.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { ProfileStore } from "./profile-store.ts";
import type { ProjectStore } from "./project-store.ts";
import type { PromptStore } from "./prompt-store.ts";
import type { QuestionStore } from "./question-store.ts";
import type { SearchStore } from "./search.ts";
import type { SecretStore } from "./secret-store.ts";
import type { ShareStore } from "./share-store.ts";
import type { TicketStore } from "./tickets.ts";
import type { ToolSignInStore } from "./tool-sign-in-store.ts";
import type { Idempotency, NewConversation } from "./turn-requests.ts";
import type { TurnStore } from "./turn-store.ts";

export type {
  BeginTurn,
  BegunTurn,
  Idempotency,
  NewConversation,
  NewInput,
  NotedSteps,
  RepeatedTurn,
  ReplyAddition,
  ReplySteps,
  TurnPlace,
  TurnTarget,
} from "./turn-requests.ts";

/*
 * What the core asks of a database. For every method:
 * - What is resolved is on disk: a process that is killed, or a machine that loses power, right after
 *   a promise resolves still has it.
 * - Only rows of the given owner are seen or touched; another owner's row is as absent as no row.
 * - Text comes back exactly as it was given.
 * - When the database cannot take or answer a request, the promise rejects with AppError
 *   `unavailable` (with `retryAfterMs`), and nothing of that request was stored.
 */
export interface Store
  extends ConversationStore,
    MessageStore,
    TurnStore,
    SearchStore,
    AgentStore,
    ProfileStore,
    MemoryStore,
    PromptStore,
    ProjectStore,
    KeyStore,
    AuditStore,
    TicketStore,
    ShareStore,
    QuestionStore,
    AcceptedToolStore,
    ToolSignInStore,
    SecretStore,
    BrowserSessionStore,
    InvitationStore,
    BudgetStore,
    FileRows,
    Archive {
  /**
   * Resolves when the database can be read and written and is whole, as far as a short look tells: tried
   * every few seconds at most, and again after any failure. @throws AppError unavailable, saying what is wrong
   */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type { AbandonedReply, StoredTurn, TurnListQuery, TurnStore } from "./turn-store.ts";

export type NewMessage = {
  readonly id: string;
  readonly role: Role;
  readonly content: string;
  /** As in Message; absent: none. */
  readonly parts?: readonly Part[] | null;
  readonly reasoning?: string | null;
  /** Files of the owner's; one that is not there fails the write: AppError not_found. Absent: none. */
  readonly attachments?: readonly Attachment[];
  readonly model: string | null;
  readonly createdAt: Date;
};

/** The fields to change; a field that is absent stays. `messages` replaces the whole list. */
export type ConversationPatch = {
  readonly title?: string;
  readonly isPinned?: boolean;
  /** A change of this alone leaves `updatedAt` as it is. Absent: it stays, but new `messages` end it. */
  readonly isArchived?: boolean;
  /** Null: in none. A change of this alone leaves `updatedAt` as it is. One that is not there: AppError not_found. */
  readonly projectId?: string | null;
  readonly agentId?: string | null;
  readonly model?: string | null;
  readonly mode?: string | null;
  readonly metadata?: ConversationMetadata;
  /** The branch to show and to continue. One that is not there: AppError `invalid_request`, and nothing is changed. */
  readonly activeBranch?: number;
  /**
   * The new list, in order. A message that is unchanged from the stored one at the same or a later
   * place (same role, content and createdAt; a given id must be equal too) keeps its stored id,
   * model, status and usage; the others are new and take the id given here. The list is that of the
   * active branch's path: a message that goes is gone from every branch.
   */
  readonly messages?: readonly NewMessage[];
  /**
   * Changes only a conversation whose time is one of these, and not after that one (milliseconds;
   * null: any). Of another version, nothing is changed: AppError `conflict`.
   */
  readonly onlyIf?: {
    readonly oneOf: readonly number[] | null;
    readonly notAfter: number | null;
  };
  /** Where that is the stored time already, the next millisecond is taken. */
  readonly updatedAt: Date;
};

export type ConversationListQuery = {
  readonly limit: number;
  readonly offset: number;
  /** Only those that are pinned, or not; absent: both. */
  readonly isPinned?: boolean;
  /** Only those that are archived, or not; absent: both. */
  readonly isArchived?: boolean;
  /** Only those in that project; null: in none; absent: wherever. */
  readonly projectId?: string | null;
};

export interface ConversationStore {
  /**
   * Stores the conversation with its messages at once. Rejects with AppError `conflict` if its id or alias is taken.
   */
  createConversation(
    owner: Owner,
    conversation: NewConversation,
    messages: readonly NewMessage[],
    idempotency?: Idempotency | null,
  ): Promise<ConversationWithMessages>;
  getConversation(owner: Owner, conversationId: string): Promise<Conversation | null>;
  findConversationByAlias(owner: Owner, alias: string): Promise<Conversation | null>;
  /** The user of that tenant who owns the conversation; null if there is none. */
  userOfConversation(tenantId: string, conversationId: string): Promise<string | null>;
  /** The conversations of all owners whose time is over, at most so many, those that expired first. */
  expiredConversations(
    now: Date,
    limit: number,
  ): Promise<readonly { readonly owner: Owner; readonly id: string }[]>;
  /** The conversation begun through `origin` that was used last, of those that are not hidden. */
  latestConversation(owner: Owner, origin: string): Promise<Conversation | null>;
  /** Those used last first, without those that are hidden; `total` counts those of all pages. */
  listConversations(
    owner: Owner,
    query: ConversationListQuery,
  ): Promise<{ items: Conversation[]; total: number }>;
  /**
   * Every conversation that is not hidden, with its messages of SHOWN_ROLES (replies in progress left out), one at a time, never all in
   * memory. `newest`: by creation, newest first; `pinned`: pinned first, then those used last.
   * `before` is the id of a conversation, and leads on after it (order `newest` only); an unknown one yields nothing.
   */
  iterateConversations(
    owner: Owner,
    options: {
      readonly order: "newest" | "pinned";
      readonly limit?: number;
      readonly before?: string;
    },
  ): AsyncIterable<ConversationWithMessages>;
  /**
   * Null if there is no such conversation.
   * @param stamp noted in the audit log with the messages that went
   */
  updateConversation(
    owner: Owner,
    conversationId: string,
    patch: ConversationPatch,
    stamp?: Stamp,
  ): Promise<Conversation | null>;
  /** Whether its title is the first words of its first message, which nobody gave it. */
  isNamedByWords(owner: Owner, conversationId: string): Promise<boolean>;
  /** Gives it that title in the place of its first words; false, and nothing is changed, where it has another one. */
  nameConversation(owner: Owner, conversationId: string, title: string): Promise<boolean>;
  /**
   * Deletes it with its messages, its alias and its place in the search index; false if there is none.
   * @param stamp noted with it in the audit log
   */
  deleteConversation(owner: Owner, conversationId: string, stamp?: Stamp): Promise<boolean>;
}

export interface MessageStore {
  /**
   * Adds a message without asking a model, at the end of that branch or of the active one; null if there is no such
   * conversation.
   */
  appendMessage(
    owner: Owner,
    conversationId: string,
    message: NewMessage,
    idempotency?: Idempotency | null,
    branch?: number,
  ): Promise<Message | null>;
  /** Adds several in one write, at the end of the active branch; a repeated key gives those that were added. */
  appendMessages(
    owner: Owner,
    conversationId: string,
    messages: readonly [NewMessage, ...NewMessage[]],
    idempotency?: Idempotency | null,
  ): Promise<Message[] | null>;
  /**
   * The path of that branch or of the active one, oldest first, replies in progress left out. With `limit`
   * alone: the latest that many; with `before` (a message id): those just before it. Null if there is no such
   * conversation (or no such `before` on the path). Without `everyRole` those of SHOWN_ROLES alone. @throws AppError invalid_request where there is no such branch
   */
  listMessages(
    owner: Owner,
    conversationId: string,
    page?: {
      readonly limit?: number;
      readonly before?: string;
      readonly branch?: number;
      readonly everyRole?: boolean;
    },
  ): Promise<Message[] | null>;
  /** The branches of a conversation, with what is said now where they begin; none for one without forks. */
  listForks(owner: Owner, conversationId: string): Promise<Fork[]>;
  /** A reply in progress included (its status says so). */
  getMessage(owner: Owner, messageId: string): Promise<Message | null>;
  /** @param stamp noted with it in the audit log */
  deleteMessage(owner: Owner, messageId: string, stamp?: Stamp): Promise<boolean>;
  /**
   * What a model needs to remember: the last messages before `beforeSequence` on the path of its branch, or
   * else of all on the path of `branch` (0 where neither is given), oldest first, as many as fit in
   * `maxCharacters` (of content; at least one). Replies in progress and replies without content are left out.
   */
  recentMessages(
    owner: Owner,
    conversationId: string,
    limits: {
      readonly maxCharacters: number;
      readonly beforeSequence?: number;
      readonly branch?: number;
    },
  ): Promise<Message[]>;
}
