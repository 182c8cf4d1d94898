import { branchOf } from "../../domain/branches.ts";
import { NOT_GENERATED } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapInPieces, type Pace } from "../../domain/turns-of-the-loop.ts";
import type { ArchiveRecord, NewRecord } from "../../ports/archive.ts";
import type { Chat, ChatMessage } from "./chat.ts";
import type { Layout } from "./layout.ts";

export type MessageRecord = Extract<NewRecord, { type: "message" }>;

export const conversationRecord = (
  chat: Chat,
  { spots, branches }: Layout,
  owner: Owner,
  id: string,
): ArchiveRecord => ({
  type: "conversation",
  owner,
  conversation: {
    id,
    userId: owner.userId,
    title: chat.title,
    isPinned: chat.isPinned,
    agentId: chat.agentId,
    model: null,
    mode: chat.mode,
    origin: chat.origin,
    alias: null,
    activeBranch: branchOf(spots[chat.shown]?.sequence ?? 0),
    nextBranch: branches.length + 1,
    createdAt: chat.createdAt,
    updatedAt: chat.updatedAt,
  },
  branches,
});

type Writing = {
  readonly chat: Chat;
  readonly layout: Layout;
  readonly owner: Owner;
  readonly conversationId: string;
  readonly nameOf: (message: ChatMessage) => string;
  readonly pace: Pace;
  /** Whether the conversation is there already, without the branches that are new. */
  readonly grows?: true;
};

/** Those that have a place, in sequence. */
export async function messageRecords(writing: Writing): Promise<MessageRecord[]> {
  const { chat, layout, owner, conversationId, nameOf, pace, grows } = writing;
  const records = await mapInPieces(
    chat.messages,
    (message, index): MessageRecord[] => {
      const spot = layout.spots[index];
      if (!spot) return [];
      return [
        {
          type: "message",
          owner,
          message: {
            id: nameOf(message),
            conversationId,
            sequence: spot.sequence,
            role: message.role,
            content: message.content,
            model: message.model,
            status: message.status,
            ...NOT_GENERATED,
            createdAt: message.createdAt,
            finishedAt: message.createdAt,
          },
          ...(grows && { growth: { begun: spot.begun, isShown: index === chat.shown } }),
        },
      ];
    },
    pace,
  );
  return records.flat().sort((one, other) => one.message.sequence - other.message.sequence);
}
