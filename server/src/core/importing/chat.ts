import type { MessageStatus, Role } from "../../domain/message.ts";

export type ChatMessage = {
  /** As its source has it: mostly a UUID. */
  readonly sourceId: string;
  readonly role: Role;
  readonly content: string;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly createdAt: Date;
};

/** A conversation from elsewhere, as far as it has a place here. */
export type Chat = {
  /** What conversations say of where they began. */
  readonly origin: string;
  /** As its source has it; one that is no UUID may be another conversation's, too. */
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

/** Told of everything that has no place here. @param noun in the singular */
export type LeaveOut = (noun: string, amount?: number) => void;
