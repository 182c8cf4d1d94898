import type { MessageStatus, Role } from "../../domain/message.ts";

export type ChatMessage = {
  /** The id in the source, mostly a UUID. */
  readonly sourceId: string;
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
  /** Never empty. */
  readonly messages: readonly [ChatMessage, ...ChatMessage[]];
};

/** Called for everything that this server cannot store. @param noun in the singular */
export type LeaveOut = (noun: string, amount?: number) => void;
