/** What is said, on wire 004, in the wire's own names. */

import type { ConversationInput } from "./wire.ts";
import type { AnswerInput } from "./wire-parts.ts";

export type MessageInput = AnswerInput & {
  /** Not blank; at most 100,000 characters. */
  readonly content: string;
  /** Ids of files (`files.upload`), at most 10. */
  readonly attachments?: readonly string[] | undefined;
  /** As the provider names it, e.g. "openai/gpt-4o-mini"; the server's default without it. */
  readonly model?: string | undefined;
  /** 0 to 2. */
  readonly temperature?: number | undefined;
};

/** A message in a conversation that is there already, or another answer to one. */
export type NextMessageInput = SaidInput | AnswerAgainInput;

/** At most one of the fields that say where. */
export type SaidInput = MessageInput & {
  /** The id of a question, of which this is a new version: it has an answer of its own, and nothing is deleted. */
  readonly branch_from?: string | undefined;
  /** The id of the message that this one follows. */
  readonly parent?: string | undefined;
  /** The branch at whose end it is said; the active one without it. */
  readonly branch?: number | undefined;
  /** The id of a message that this one takes the place of: it is deleted, with all after it, as this one is stored. */
  readonly replace_from?: string | undefined;
};

export type AnswerAgainInput = Omit<MessageInput, "content"> & {
  /** The id of a question, which gets a new version of its answer. */
  readonly answer_again: string;
};

export type MessagesQuery = {
  /** The last so many. */
  readonly limit?: number | undefined;
  /** The id of a message: only those before it. */
  readonly before?: string | undefined;
  /** The branch whose path it is; the active one without it. */
  readonly branch?: number | undefined;
  /** Whether messages say their versions; false. */
  readonly versions?: boolean | undefined;
};

/** A first message together with the conversation it begins. */
export type StartInput = MessageInput &
  ConversationInput & {
    /** The conversation keeps `model`; without this it is for the first message alone. */
    readonly keep_model?: boolean | undefined;
  };

/** A message that is stored without asking a model for a reply. */
export type StoredMessageInput = {
  readonly role: "system" | "assistant";
  readonly content: string;
  /** The branch at whose end it is stored; the active one without it. */
  readonly branch?: number | undefined;
};
