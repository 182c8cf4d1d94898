import { type Branch, branchOf, TRUNK } from "../../domain/branches.ts";
import type { Conversation } from "../../domain/conversation.ts";
import type { Invitation } from "../../domain/invitation.ts";
import type { ApiKey } from "../../domain/key.ts";
import {
  documentOf,
  FINISH_REASONS,
  INTERRUPTIONS,
  type Message,
  type MessageStatus,
  type ReplyError,
  ROLES,
  type Usage,
} from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { ArchiveCounts, ArchiveRecord } from "../../ports/archive.ts";
import { attachmentOf, fileOf } from "./decode-files.ts";
import { agentOf, memoryOf, profileOf, projectOf, promptOf } from "./decode-kept.ts";
import { Fields, NotUnderstood } from "./fields.ts";
import { BYTES, END, FIRST_VERSION, FORMAT, FORMAT_VERSION, RECORD_TYPES } from "./format.ts";
import { waitingOf } from "./waiting.ts";

/** A line after the header. */
export type ArchiveLine =
  | ArchiveRecord
  | { readonly type: typeof BYTES; readonly sha256: string; readonly piece: Buffer }
  | { readonly type: typeof END; readonly counts: ArchiveCounts };

/** @throws NotUnderstood, with words about the whole file */
export function checkHeader(value: unknown): void {
  const header = new Fields(value);
  if (!header.has("format") || header.text("format") !== FORMAT)
    throw new NotUnderstood("its first line is no header of a Colloquy archive");
  const version = header.whole("version");
  if (version < FIRST_VERSION || version > FORMAT_VERSION)
    throw new NotUnderstood(
      `it is an archive of format version ${version}, and this Colloquy reads versions ${FIRST_VERSION} to ${FORMAT_VERSION}${version > FORMAT_VERSION ? "; use a newer one" : ""}`,
    );
}

/** @throws NotUnderstood */
export function decodeLine(value: unknown): ArchiveLine {
  const line = new Fields(value);
  const type = line.oneOf("type", [...RECORD_TYPES, BYTES, END]);
  switch (type) {
    case "key":
      return { type, key: keyOf(line.object(type)) };
    case "invitation":
      return { type, invitation: invitationOf(line.object(type)) };
    case "agent":
      return { type, owner: ownerOf(line.object("owner")), agent: agentOf(line.object(type)) };
    case "profile":
      return { type, owner: ownerOf(line.object("owner")), profile: profileOf(line.object(type)) };
    case "prompt":
      return { type, owner: ownerOf(line.object("owner")), prompt: promptOf(line.object(type)) };
    case "memory":
      return { type, owner: ownerOf(line.object("owner")), memory: memoryOf(line.object(type)) };
    case "project":
      return { type, owner: ownerOf(line.object("owner")), project: projectOf(line.object(type)) };
    case "conversation": {
      const owner = ownerOf(line.object("owner"));
      const branches = line.has("branches") ? line.objects("branches").map(branchAt) : [];
      return { type, owner, conversation: conversationOf(line, owner, branches), branches };
    }
    case "message":
      return { type, owner: ownerOf(line.object("owner")), ...messageIn(line) };
    case "file":
      return { type, owner: ownerOf(line.object("owner")), file: fileOf(line.object(type)) };
    case BYTES:
      return { type, sha256: line.sha256("sha256"), piece: line.base64("base64") };
    case END:
      return { type, counts: countsOf(line.object("counts")) };
  }
}

const ownerOf = (owner: Fields): Owner => ({
  tenantId: owner.name("tenantId"),
  userId: owner.name("userId"),
});

const countsOf = (counts: Fields): ArchiveCounts => ({
  key: counts.whole("key"),
  agent: counts.whole("agent"),
  // Archives of earlier versions do not have these fields.
  profile: counts.has("profile") ? counts.whole("profile") : 0,
  prompt: counts.has("prompt") ? counts.whole("prompt") : 0,
  memory: counts.has("memory") ? counts.whole("memory") : 0,
  project: counts.has("project") ? counts.whole("project") : 0,
  invitation: counts.has("invitation") ? counts.whole("invitation") : 0,
  conversation: counts.whole("conversation"),
  message: counts.whole("message"),
  // Archives of earlier versions have no files.
  file: counts.has("file") ? counts.whole("file") : 0,
});

const keyOf = (key: Fields): ApiKey => ({
  id: key.name("id"),
  prefix: key.name("prefix"),
  hash: key.sha256("hash"),
  name: key.text("name"),
  tenantId: key.name("tenantId"),
  userId: key.name("userId"),
  actAs: key.flag("actAs"),
  isOperator: key.flag("isOperator"),
  models: ifThere(key, "models", () => key.texts("models")),
  createdAt: key.time("createdAt"),
  revokedAt: key.timeOrNull("revokedAt"),
});

const invitationOf = (invitation: Fields): Invitation => ({
  id: invitation.name("id"),
  hash: invitation.sha256("hash"),
  name: invitation.text("name"),
  invitedBy: invitation.text("invitedBy"),
  tenantId: invitation.name("tenantId"),
  userId: invitation.name("userId"),
  isOperator: invitation.flag("isOperator"),
  models: ifThere(invitation, "models", () => invitation.texts("models")),
  sessionMs: invitation.whole("sessionMs"),
  createdAt: invitation.time("createdAt"),
  expiresAt: invitation.time("expiresAt"),
  acceptedAt: invitation.timeOrNull("acceptedAt"),
});

/** The numbers ascend from 1, and the parent of a branch is older than the branch. */
function branchAt(fields: Fields, index: number): Branch {
  const branch = index + 1;
  const parent = fields.whole("parent");
  const fork = fields.whole("fork");
  if (fields.whole("branch") !== branch || parent >= branch || branchOf(fork) !== parent)
    throw new NotUnderstood(`branch ${branch} does not leave a branch that is there before it`);
  return { branch, parent, fork };
}

function conversationOf(
  line: Fields,
  { userId }: Owner,
  branches: readonly Branch[],
): Conversation {
  const conversation = line.object("conversation");
  const nextBranch = branches.length + 1;
  const activeBranch = conversation.has("activeBranch")
    ? conversation.whole("activeBranch")
    : TRUNK;
  if (activeBranch >= nextBranch)
    throw new NotUnderstood(`its active branch ${activeBranch} is not there`);
  return {
    id: conversation.uuid("id"),
    userId,
    title: conversation.textOrNull("title"),
    isPinned: conversation.flag("isPinned"),
    agentId: conversation.textOrNull("agentId"),
    // Archives of earlier versions do not have this field.
    model: conversation.has("model") ? conversation.textOrNull("model") : null,
    mode: conversation.textOrNull("mode"),
    origin: conversation.name("origin"),
    alias: conversation.textOrNull("alias"),
    activeBranch,
    nextBranch,
    ...(conversation.has("isHidden") &&
      conversation.flag("isHidden") && { isHidden: true as const }),
    ...(conversation.has("expiresAt") && { expiresAt: conversation.time("expiresAt") }),
    ...(conversation.has("isArchived") &&
      conversation.flag("isArchived") && { isArchived: true as const }),
    ...(conversation.has("projectId") && { projectId: conversation.uuid("projectId") }),
    ...(conversation.has("metadata") && { metadata: conversation.textTable("metadata") }),
    createdAt: conversation.time("createdAt"),
    updatedAt: conversation.time("updatedAt"),
  };
}

/** Only a reply that waits is in progress. */
function messageIn(
  line: Fields,
): Pick<Extract<ArchiveRecord, { type: "message" }>, "message" | "waits"> {
  const statuses = ["complete", "interrupted", "failed"] as const;
  const fields = line.object("message");
  if (!line.has("waits")) return { message: messageOf(fields, statuses) };
  const message = messageOf(fields, ["streaming"]);
  return { message, waits: waitingOf(line.object("waits"), message) };
}

function messageOf(message: Fields, statuses: readonly MessageStatus[]): Message {
  const read = plainMessageOf(message, statuses);
  const parts =
    message.has("parts") && !message.isNull("parts")
      ? message.parts("parts", { resultsAlone: read.role === "tool" })
      : null;
  if (!parts) return read;
  const said = documentOf(parts);
  if (said.content !== read.content || said.reasoning !== read.reasoning)
    throw new NotUnderstood("parts must say what content and reasoning say");
  return { ...read, ...said };
}

const plainMessageOf = (message: Fields, statuses: readonly MessageStatus[]): Message => ({
  parts: null,
  id: message.uuid("id"),
  conversationId: message.uuid("conversationId"),
  sequence: message.whole("sequence"),
  role: message.oneOf("role", ROLES),
  content: message.text("content"),
  model: message.textOrNull("model"),
  status: message.oneOf("status", statuses),
  usage: message.isNull("usage") ? null : usageOf(message.object("usage")),
  reasoning: message.textOrNull("reasoning"),
  // Archives of earlier versions do not have these.
  reasoningMs: ifThere(message, "reasoningMs", () => message.whole("reasoningMs")),
  finishReason: ifThere(message, "finishReason", () =>
    message.oneOf("finishReason", FINISH_REASONS),
  ),
  interruptedBy: ifThere(message, "interruptedBy", () =>
    message.oneOf("interruptedBy", INTERRUPTIONS),
  ),
  error: message.isNull("error") ? null : errorOf(message.object("error")),
  ...(message.has("attachments") && {
    attachments: message.objects("attachments").map(attachmentOf),
  }),
  ...(message.has("turn") && { turn: message.turnRecord("turn") }),
  createdAt: message.time("createdAt"),
  finishedAt: message.timeOrNull("finishedAt"),
});

const ifThere = <T>(fields: Fields, field: string, read: () => T): T | null =>
  fields.has(field) && !fields.isNull(field) ? read() : null;

const usageOf = (usage: Fields): Usage => ({
  promptTokens: usage.amount("promptTokens"),
  completionTokens: usage.amount("completionTokens"),
  totalTokens: usage.amount("totalTokens"),
  ...(usage.has("cachedTokens") ? { cachedTokens: usage.amount("cachedTokens") } : {}),
  ...(usage.has("reasoningTokens") ? { reasoningTokens: usage.amount("reasoningTokens") } : {}),
  ...(usage.has("costUsd") ? { costUsd: usage.amount("costUsd") } : {}),
});

const ERROR_CODES = [
  "model_refused",
  "model_failed",
  "model_unavailable",
  "rate_limited",
  "unavailable",
  "internal",
] as const;

const errorOf = (error: Fields): ReplyError => ({
  code: error.oneOf("code", ERROR_CODES),
  message: error.text("message"),
  ...(error.has("isTooLong") && error.flag("isTooLong") && { isTooLong: true as const }),
  ...(error.has("isUnknownModel") &&
    error.flag("isUnknownModel") && { isUnknownModel: true as const }),
  ...(error.has("retryAfterMs") ? { retryAfterMs: error.amount("retryAfterMs") } : {}),
});
