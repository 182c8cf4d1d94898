import type { MessageStatus, Role } from "../../domain/message.ts";

export type ChatMessage = {
  /** The id in the source, mostly a UUID. */
  readonly sourceId: string;
  /** The index, in the chat, of the message that it follows, which comes earlier there; null if it is a first message. */
  readonly parent: number | null;
  readonly role: Role;
  readonly content: string;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly createdAt: Date;
};

/** The part of a foreign conversation that this server can store. */
export type Chat = {
  /** The origin that the stored conversation names. */
  readonly origin: string;
  /** The id in the source. If it is not a UUID, another conversation may have the same. */
  readonly sourceId: string;
  readonly title: string;
  readonly isPinned: boolean;
  readonly agentId: string | null;
  readonly mode: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Never empty. Where several follow the same one, they are versions, the oldest first. */
  readonly messages: readonly [ChatMessage, ...ChatMessage[]];
  /** The index of the last message on the path that was shown. */
  readonly shown: number;
};

/** The indices of the messages on the path to one, itself included, from the first. */
export function pathTo(messages: readonly Pick<ChatMessage, "parent">[], last: number): number[] {
  const path: number[] = [];
  for (let at: number | null = last; at !== null; at = messages[at]?.parent ?? null) path.push(at);
  return path.reverse();
}

/** Called for everything that this server cannot store. @param noun in the singular */
export type LeaveOut = (noun: string, amount?: number) => void;
