import type { Message } from "./message.ts";

/** What wires call a conversation without a title. */
export const DEFAULT_TITLE = "New Conversation";

export type Conversation = {
  /** A UUID. */
  readonly id: string;
  readonly userId: string;
  /** Null until the first message gives it a name. */
  readonly title: string | null;
  readonly isPinned: boolean;
  /** The agent whose instructions its replies follow; may name one that does not exist. */
  readonly agentId: string | null;
  /** The model that answers in it, as clients name models; null: its agent's, or the server's usual one. */
  readonly model: string | null;
  /** A word of the client's (document 002), kept as it is. */
  readonly mode: string | null;
  /** The wire it was begun through. */
  readonly origin: string;
  /** A name that a client made up for it, unique within its owner. */
  readonly alias: string | null;
  /** In no list, search or export of its owner's; absent: it is. */
  readonly isHidden?: true;
  /** The branch whose path is shown and continued where no other is named. */
  readonly activeBranch: number;
  /** The number of the branch to come; 1: it has no forks. */
  readonly nextBranch: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type ConversationWithMessages = Conversation & { readonly messages: readonly Message[] };

/** The longest title that is made by us. */
export const TITLE_CHARACTERS = 60;

/** A title for a conversation that begins with this message: its first words, on one line. */
export function titleFrom(content: string): string {
  const line = content.slice(0, 400).replace(/\s+/gu, " ").trim();
  const characters = Array.from(line);
  if (characters.length <= TITLE_CHARACTERS) return line || DEFAULT_TITLE;
  const cut = characters.slice(0, TITLE_CHARACTERS).join("");
  const lastSpace = cut.lastIndexOf(" ");
  return `${(lastSpace > TITLE_CHARACTERS / 2 ? cut.slice(0, lastSpace) : cut).trimEnd()}…`;
}
