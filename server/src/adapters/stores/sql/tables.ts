import type { Generated } from "kysely";
import type { FileState } from "../../../domain/file.ts";
import type { FinishReason, Interruption, MessageStatus, Role } from "../../../domain/message.ts";
import type {
  AgentsTable,
  MemoriesTable,
  ProfilesTable,
  ProjectsTable,
  PromptsTable,
} from "./kept-tables.ts";
import type { BrowserSessionsTable, InvitationsTable } from "./sign-in-tables.ts";
import type { ToolGrantsTable, ToolQuestionsTable, ToolSignInsTable } from "./tool-tables.ts";

/* The tables as both databases have them. Times are epoch milliseconds, truth values 0 or 1. */

export type Tables = {
  conversations: ConversationsTable;
  branches: BranchesTable;
  messages: MessagesTable;
  replaced_messages: ReplacedMessagesTable;
  reply_pieces: ReplyPiecesTable;
  reply_steps: ReplyStepsTable;
  tool_questions: ToolQuestionsTable;
  tool_grants: ToolGrantsTable;
  tool_sign_ins: ToolSignInsTable;
  agents: AgentsTable;
  profiles: ProfilesTable;
  prompts: PromptsTable;
  memories: MemoriesTable;
  projects: ProjectsTable;
  idempotency_keys: IdempotencyKeysTable;
  api_keys: ApiKeysTable;
  meta: MetaTable;
  audit_events: AuditEventsTable;
  token_usage: TokenUsageTable;
  tickets: TicketsTable;
  shares: SharesTable;
  browser_sessions: BrowserSessionsTable;
  invitations: InvitationsTable;
  files: FilesTable;
  file_links: FileLinksTable;
};

type ConversationsTable = {
  /** Ascending in the order of creation; never leaves the store. */
  row_id: Generated<number>;
  id: string;
  tenant_id: string;
  owner_id: string;
  title: string | null;
  /** 1: the title is the first words of the first message, which nobody gave. */
  is_named_by_words: Generated<number>;
  is_pinned: number;
  agent_id: string | null;
  model: string | null;
  mode: string | null;
  origin: string;
  alias: string | null;
  /** The sequence of the message to come on branch 0. */
  next_sequence: number;
  /** The branch whose path is shown and continued where no other is named. */
  active_branch: Generated<number>;
  /** In no list of its owner's. */
  is_hidden: Generated<number>;
  /** When it is deleted; null: when somebody deletes it. */
  expires_at: number | null;
  /** 1: out of the list that is asked for without archived conversations. */
  is_archived: Generated<number>;
  /** Null: it is in no project. */
  project_id: string | null;
  /** A JSON object of texts; null: there are none. */
  metadata: string | null;
  /** The number of the branch to come; 1: the conversation has no forks. */
  next_branch: Generated<number>;
  created_at: number;
  updated_at: number;
};

/** All branches but the trunk (domain/branches.ts). */
type BranchesTable = {
  tenant_id: string;
  owner_id: string;
  conversation_id: string;
  branch: number;
  parent_branch: number;
  fork_sequence: number;
  /** The sequence of the message to come on it. */
  next_sequence: number;
};

type MessagesTable = {
  row_id: Generated<number>;
  id: string;
  conversation_id: string;
  tenant_id: string;
  owner_id: string;
  sequence: number;
  role: Role;
  status: MessageStatus;
  model: string | null;
  /** A JSON object. */
  usage: string | null;
  /** A JSON object. */
  error: string | null;
  created_at: number;
  finished_at: number | null;
  content: string;
  reasoning: string | null;
  reasoning_ms: number | null;
  finish_reason: FinishReason | null;
  interrupted_by: Interruption | null;
  /** A JSON array of objects. */
  attachments: string | null;
  /** A layout (domain/part-layout.ts) as a JSON array; null for a message of reasoning and one part of text at most. */
  parts: string | null;
  /** A TurnRecord as JSON: of replies, and of messages that may be strangers' words. */
  turn: string | null;
};

/** Messages as they were before another one took their place. */
type ReplacedMessagesTable = Omit<MessagesTable, "row_id"> & {
  /** The id of that other one. */
  replaced_by: string;
  replaced_at: number;
};

/** What was added to a reply in progress at each of its checkpoints. */
type ReplyStepsTable = {
  tenant_id: string;
  owner_id: string;
  reply_id: string;
  /** How often another server has taken the reply over. */
  epoch: number;
  /** A JSON object (ReplySteps). */
  state: string;
  /** Since when it waits and no server has it; null: it does not. */
  parked_at: number | null;
};

type ReplyPiecesTable = {
  tenant_id: string;
  owner_id: string;
  reply_id: string;
  number: number;
  content: string;
  reasoning: string;
  /** Steps of a layout, as JSON with commas between them; null while the reply is reasoning and one part of text. */
  layout: string | null;
};

type IdempotencyKeysTable = {
  tenant_id: string;
  owner_id: string;
  key: string;
  fingerprint: string;
  /** The id of what the first request with the key made: a reply, a conversation, an agent, … */
  reply_id: string;
  created_at: number;
};

type ApiKeysTable = {
  row_id: Generated<number>;
  id: string;
  prefix: string;
  hash: string;
  name: string;
  tenant_id: string;
  user_id: string;
  act_as: number;
  is_operator: number;
  created_at: number;
  revoked_at: number | null;
  /** A JSON array of texts; null: every model. */
  models: string | null;
};

/** Rows are only ever added. */
type AuditEventsTable = {
  row_id: Generated<number>;
  at: number;
  action: string;
  tenant_id: string | null;
  user_id: string | null;
  actor: string | null;
  address: string | null;
  about: string | null;
  reason: string | null;
  count: number;
};

type TokenUsageTable = {
  tenant_id: string;
  /** Empty: all users of the tenant. */
  owner_id: string;
  /** Since 1970-01-01, UTC. */
  day: number;
  tokens: number;
};

type TicketsTable = {
  hash: string;
  tenant_id: string;
  user_id: string;
  /** A JSON object. */
  proof: string;
  is_operator: number;
  expires_at: number;
  /** Of a ticket for a reply, which then has the next two, also. */
  conversation_id: string | null;
  reply_id: string | null;
  /** Becomes `expires_at` when it is used for the first time. */
  usable_until: number | null;
  /** As in api_keys. */
  models: string | null;
  /** A JSON object: of a client secret. */
  session: string | null;
};

/** Links with which anybody reads a conversation; they go with it. */
type SharesTable = {
  tenant_id: string;
  owner_id: string;
  id: string;
  token: string;
  conversation_id: string;
  /** The sequence of the last message that is shown, which says the branch, too. */
  last_sequence: number;
  created_at: number;
  expires_at: number;
};

type FilesTable = {
  row_id: Generated<number>;
  id: string;
  tenant_id: string;
  owner_id: string;
  name: string;
  media_type: string;
  bytes: number;
  /** What it counts against the quota. */
  counted_bytes: number;
  sha256: string;
  state: FileState;
  width: number | null;
  height: number | null;
  created_at: number;
};

/** In `is_replaced`: the link is that of a project. */
export const LINK_OF_PROJECT = 2;

/** Which messages have which files, kept by triggers on the column `attachments`; and which projects have. */
type FileLinksTable = {
  tenant_id: string;
  owner_id: string;
  message_id: string;
  /** 1: a message that another one took the place of; 2: `message_id` is that of a project. */
  is_replaced: number;
  file_id: string;
};

type MetaTable = { name: string; value: string };
