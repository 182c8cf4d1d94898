import type { Static } from "typebox";
import type { OfferedModel } from "../../core/models.ts";
import type { Agent } from "../../domain/agent.ts";
import { branchOf, TRUNK, type Versions } from "../../domain/branches.ts";
import { type Conversation, DEFAULT_TITLE } from "../../domain/conversation.ts";
import { type Attachment, modelUseOf, type StoredFile } from "../../domain/file.ts";
import { type Message, shownRole, type Usage } from "../../domain/message.ts";
import { isoTime } from "../../domain/time.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import { ERRORS } from "./errors.ts";
import type { AttachmentBody, FileBody } from "./file-schemas.ts";
import { partsFields } from "./part-schemas.ts";
import { waitingFields } from "./question-schemas.ts";
import type { AgentBody, ConversationBody, MessageBody, ModelBody } from "./schemas.ts";

export const conversationBody = (conversation: Conversation): Static<typeof ConversationBody> => ({
  id: conversation.id,
  title: conversation.title ?? DEFAULT_TITLE,
  user_id: conversation.userId,
  is_pinned: conversation.isPinned,
  agent_id: conversation.agentId,
  model: conversation.model,
  mode: conversation.mode,
  created_at: isoTime(conversation.createdAt),
  updated_at: isoTime(conversation.updatedAt),
  ...(conversation.expiresAt && { expires_at: isoTime(conversation.expiresAt) }),
  ...(conversation.projectId && { project_id: conversation.projectId }),
  ...(conversation.isArchived && { is_archived: true as const }),
  ...(conversation.nextBranch > 1 && { active_branch: conversation.activeBranch }),
});

/**
 * @param parts whether what it consists of is shown; `steps`: the calls of tools and the sources alone
 * @param versions those that it has, where they were asked for
 */
export function messageBody(
  message: Message,
  parts: boolean | "steps" = false,
  versions?: Versions,
): Static<typeof MessageBody> {
  const { status, usage, attachments, error } = message;
  const branch = branchOf(message.sequence);
  return {
    id: message.id,
    conversation_id: message.conversationId,
    role: shownRole(message.role),
    content: message.content,
    model: message.model,
    status: status === "streaming" ? "interrupted" : status,
    finish_reason: message.finishReason,
    interrupted_by: message.interruptedBy,
    reasoning: message.reasoning,
    reasoning_ms: message.reasoningMs,
    usage: usage && usageBody(usage),
    ...partsFields(message, parts),
    ...(attachments && { attachments: attachments.map(attachmentBody) }),
    created_at: isoTime(message.createdAt),
    ...(error && { error: { code: ERRORS[error.code][1], message: error.message } }),
    ...(branch !== TRUNK && { branch }),
    ...(versions && { versions: versionsBody(versions) }),
  };
}

/** A reply that waits for decisions and results. */
const waitingBody = (
  { reply, questions }: Extract<TurnEnding, { type: "waiting" }>,
  hasParts: boolean,
): Static<typeof MessageBody> => ({
  ...messageBody(reply, hasParts),
  ...waitingFields(questions),
});

export const replyBody = (ending: TurnEnding, hasParts: boolean): Static<typeof MessageBody> =>
  ending.type === "waiting" ? waitingBody(ending, hasParts) : messageBody(ending.reply, hasParts);

const versionsBody = ({ index, ids, branches }: Versions) => ({
  index,
  ids: [...ids],
  branches: [...branches],
});

const usageBody = ({
  promptTokens,
  completionTokens,
  totalTokens,
  cachedTokens,
  reasoningTokens,
  costUsd,
}: Usage): NonNullable<Static<typeof MessageBody>["usage"]> => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: totalTokens,
  ...(cachedTokens !== undefined && { cached_tokens: cachedTokens }),
  ...(reasoningTokens !== undefined && { reasoning_tokens: reasoningTokens }),
  ...(costUsd !== undefined && { cost_usd: costUsd }),
});

const ofEveryFile = ({ id, name, mediaType, bytes, width, height }: Attachment) => ({
  id,
  name,
  media_type: mediaType,
  bytes,
  width,
  height,
  read_as: modelUseOf({ mediaType }),
});

export const attachmentBody = (attachment: Attachment): Static<typeof AttachmentBody> => ({
  ...ofEveryFile(attachment),
  is_deleted: attachment.isDeleted ?? false,
});

export const fileBody = (file: StoredFile): Static<typeof FileBody> => ({
  ...ofEveryFile(file),
  sha256: file.sha256,
  state: file.state,
  created_at: file.createdAt.toISOString(),
});

export const agentBody = ({
  createdAt,
  updatedAt,
  tools,
  ...agent
}: Agent): Static<typeof AgentBody> => ({
  ...agent,
  tools: tools && [...tools],
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
});

export const modelBody = ({
  id,
  name,
  provider,
  contextTokens,
  isDefault,
}: OfferedModel): Static<typeof ModelBody> => ({
  id,
  name,
  provider,
  context_tokens: contextTokens,
  is_default: isDefault,
});
