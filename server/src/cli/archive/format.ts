import type { Agent } from "../../domain/agent.ts";
import type { Branch } from "../../domain/branches.ts";
import type { Conversation } from "../../domain/conversation.ts";
import type { Attachment, StoredFile } from "../../domain/file.ts";
import type { Invitation } from "../../domain/invitation.ts";
import type { ApiKey } from "../../domain/key.ts";
import type { Memory } from "../../domain/memory.ts";
import type { Message, ReplyError, Usage } from "../../domain/message.ts";
import type { FileRef, Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Profile } from "../../domain/profile.ts";
import type { Project } from "../../domain/project.ts";
import type { SavedPrompt } from "../../domain/saved-prompt.ts";
import type { ArchiveCounts, ArchiveRecord, WaitingReply } from "../../ports/archive.ts";

/*
 * An archive consists of JSON Lines: a header, the records of ports/archive.ts (with times as ISO 8601 in
 * UTC), and a last line with the number of records, by which a truncated archive is recognised. Before the first file
 * of some bytes there are lines with the bytes.
 */
export const FORMAT = "colloquy-archive";
export const FORMAT_VERSION = 3;
/** Version 1 had no branches, and version 2 neither profiles nor files. */
export const FIRST_VERSION = 1;
export const END = "end";
export const BYTES = "bytes";

type FieldsOf<Thing> = Thing extends unknown ? keyof Thing : never;
/** The number of the next branch is one more than the number of branches. */
type FieldName = Exclude<
  FieldsOf<
    | ArchiveRecord
    | Owner
    | ApiKey
    | Invitation
    | Agent
    | Profile
    | SavedPrompt
    | Memory
    | Project
    | Conversation
    | Branch
    | Message
    | Usage
    | ReplyError
    | Attachment
    | StoredFile
    | Part
    | FileRef
    | WaitingReply
    | WaitingReply["questions"][number]
  >,
  "nextBranch"
>;

/** The fields in the order in which they are written, so that the same records give the same bytes. */
const FIELDS: Record<FieldName, true> = {
  type: true,
  owner: true,
  tenantId: true,
  userId: true,
  key: true,
  invitation: true,
  agent: true,
  profile: true,
  prompt: true,
  memory: true,
  project: true,
  conversation: true,
  code: true,
  message: true,
  id: true,
  conversationId: true,
  sequence: true,
  role: true,
  status: true,
  model: true,
  prefix: true,
  hash: true,
  name: true,
  invitedBy: true,
  actAs: true,
  isOperator: true,
  models: true,
  title: true,
  isPinned: true,
  agentId: true,
  mode: true,
  origin: true,
  alias: true,
  activeBranch: true,
  isHidden: true,
  expiresAt: true,
  isArchived: true,
  projectId: true,
  metadata: true,
  instructions: true,
  areInstructionsOn: true,
  isMemoryOn: true,
  temperature: true,
  voice: true,
  tools: true,
  branches: true,
  branch: true,
  parent: true,
  fork: true,
  sessionMs: true,
  createdAt: true,
  updatedAt: true,
  finishedAt: true,
  revokedAt: true,
  acceptedAt: true,
  content: true,
  parts: true,
  turn: true,
  waits: true,
  since: true,
  questions: true,
  text: true,
  callId: true,
  source: true,
  tool: true,
  arguments: true,
  argumentsSha256: true,
  askedAt: true,
  outcome: true,
  file: true,
  sha256: true,
  state: true,
  url: true,
  fileId: true,
  quote: true,
  from: true,
  to: true,
  retryAfterMs: true,
  isTooLong: true,
  isUnknownModel: true,
  reasoning: true,
  reasoningMs: true,
  finishReason: true,
  interruptedBy: true,
  error: true,
  usage: true,
  promptTokens: true,
  completionTokens: true,
  totalTokens: true,
  cachedTokens: true,
  reasoningTokens: true,
  costUsd: true,
  attachments: true,
  mediaType: true,
  bytes: true,
  width: true,
  height: true,
  isDeleted: true,
};

const FIELD_ORDER = Object.keys(FIELDS);

/** @param counts null if they are not known in advance */
export const headerLine = (exportedAt: Date, counts: ArchiveCounts | null): string =>
  `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, exportedAt, ...(counts ? { counts } : {}) })}\n`;

export const recordLine = (record: ArchiveRecord): string =>
  `${JSON.stringify(asWritten(record), FIELD_ORDER)}\n`;

/**
 * A message whose content and reasoning say all of it is written without `parts`, as by versions that knew none. What
 * the wire of a turn keeps with it has names of the wire's own, and is written as a text. So is how far a reply that waits
 * has come, which has names of the core's.
 */
function asWritten(record: ArchiveRecord): unknown {
  if (record.type === "conversation") {
    const { metadata, ...conversation } = record.conversation;
    return {
      ...record,
      conversation: { ...conversation, ...(metadata && { metadata: JSON.stringify(metadata) }) },
    };
  }
  if (record.type !== "message") return record;
  const { parts, turn, ...message } = record.message;
  const { waits } = record;
  return {
    ...record,
    ...(waits && { waits: { ...waits, state: JSON.stringify(waits.state) } }),
    message: {
      ...message,
      ...(parts !== null && { parts }),
      ...(turn && { turn: JSON.stringify(turn) }),
    },
  };
}

/** A piece of the bytes that have that digest. */
export const bytesLine = (sha256: string, piece: Buffer): string =>
  `${JSON.stringify({ type: BYTES, sha256, base64: piece.toString("base64") })}\n`;

export const endLine = (counts: ArchiveCounts): string =>
  `${JSON.stringify({ type: END, counts })}\n`;

/** The counts in the order in which they are shown. */
export const RECORD_TYPES = [
  "conversation",
  "message",
  "file",
  "agent",
  "profile",
  "prompt",
  "memory",
  "project",
  "key",
  "invitation",
] as const;

export const noRecords = (): ArchiveCounts => ({
  ...{ key: 0, agent: 0, profile: 0, prompt: 0, memory: 0, project: 0, invitation: 0 },
  ...{ conversation: 0, message: 0, file: 0 },
});
