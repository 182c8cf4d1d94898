import { withoutMarkdown } from "./markdown-signs.ts";
import type { Message } from "./message.ts";
import { onOneLine } from "./text.ts";

/** The title that wires show for a conversation without one. */
export const DEFAULT_TITLE = "New Conversation";

export type ConversationMetadata = Readonly<Record<string, string>>;

export type Conversation = {
  /** A UUID. */
  readonly id: string;
  readonly userId: string;
  /** Null until the first message provides a title. */
  readonly title: string | null;
  readonly isPinned: boolean;
  /** The agent whose instructions the replies follow. The agent may no longer exist. */
  readonly agentId: string | null;
  /** The model of the conversation, as clients name models; null means that of its agent, or the default of the server. */
  readonly model: string | null;
  /** A value that the client chose (document 002), stored unchanged. */
  readonly mode: string | null;
  /** The wire through which the conversation was created. */
  readonly origin: string;
  /** A name that the client chose, unique for its owner. */
  readonly alias: string | null;
  /** In no list, search or export of its owner's; absent: it is. */
  readonly isHidden?: true;
  /** Left out of the list of conversations in use; a new message brings it back. Absent: it is not archived. */
  readonly isArchived?: true;
  /** The project that it is in; absent: none. */
  readonly projectId?: string;
  /** When it is deleted with all its messages; absent: when somebody deletes it. */
  readonly expiresAt?: Date;
  /** What a client attached to it, which means nothing to the server; absent: nothing. */
  readonly metadata?: ConversationMetadata;
  /** The branch whose path is shown and continued unless a request names another one. */
  readonly activeBranch: number;
  /** The number of the next branch; 1 if the conversation has no forks. */
  readonly nextBranch: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type ConversationWithMessages = Conversation & { readonly messages: readonly Message[] };

/** The maximum length of a title that the server derives. */
export const TITLE_CHARACTERS = 60;

/** A title for a conversation that begins with this message: its first words on one line, without the signs of Markdown. */
export function titleFrom(content: string): string {
  const beginning = content.slice(0, 400);
  const line = onOneLine(withoutMarkdown(beginning)) || onOneLine(beginning);
  const characters = Array.from(line);
  if (characters.length <= TITLE_CHARACTERS) return line || DEFAULT_TITLE;
  const cut = characters.slice(0, TITLE_CHARACTERS).join("");
  const lastSpace = cut.lastIndexOf(" ");
  return `${(lastSpace > TITLE_CHARACTERS / 2 ? cut.slice(0, lastSpace) : cut).trimEnd()}…`;
}
