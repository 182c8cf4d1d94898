/** The bodies of messages on wire 004, with the names of the wire. */

import type { ConversationInput } from "./wire-conversations.ts";
import type { AnswerInput } from "./wire-parts.ts";

export type MessageInput = AnswerInput & {
  /** The text, which must not be blank and has at most 100,000 characters. */
  readonly content: string;
  /** The ids of at most 10 files (see `files.upload`). */
  readonly attachments?: readonly string[] | undefined;
  /** The model as its provider names it, such as "openai/gpt-4o-mini". The default is that of the server. */
  readonly model?: string | undefined;
  /** Whether somebody can be asked about tools, and `tools` are run, so that the reply may wait for decisions and results. The default is false. */
  readonly steps?: boolean | undefined;
  /** A number from 0 to 2. */
  readonly temperature?: number | undefined;
};

/** A message in an existing conversation, or a request for another answer. */
export type NextMessageInput = SaidInput | AnswerAgainInput;

/** The place of a message. At most one of these fields may be set. */
export type SaidInput = MessageInput & {
  /** The id of a question of which this message is a new version. It gets an answer of its own, and nothing is deleted. */
  readonly branch_from?: string | undefined;
  /** The id of the message before this one. */
  readonly parent?: string | undefined;
  /** The branch to whose end the message is added. The default is the active branch. */
  readonly branch?: number | undefined;
  /** The id of the message that this one replaces. That message and all messages after it are deleted when this one is stored. */
  readonly replace_from?: string | undefined;
};

export type AnswerAgainInput = Omit<MessageInput, "content"> & {
  /** The id of the question that gets a new version of its answer. */
  readonly answer_again: string;
};

export type MessagesQuery = {
  /** The maximum number of messages, counted from the end. */
  readonly limit?: number | undefined;
  /** The id of a message. Only messages before it are returned. */
  readonly before?: string | undefined;
  /** The branch whose path is returned. The default is the active branch. */
  readonly branch?: number | undefined;
  /** Whether messages include their versions; the default is false. */
  readonly versions?: boolean | undefined;
};

/** A conversation together with its first message. */
export type StartInput = MessageInput &
  ConversationInput & {
    /** Whether `model` becomes the model of the conversation instead of the first message alone. */
    readonly keep_model?: boolean | undefined;
  };

/** A message that is stored without a request for a reply. */
export type StoredMessageInput = {
  readonly role: "system" | "assistant";
  readonly content: string;
  /** The branch to whose end the message is added. The default is the active branch. */
  readonly branch?: number | undefined;
};
