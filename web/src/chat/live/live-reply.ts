import type { Message } from "@colloquy/client";

/** A message on its way and the reply to it, as far as it has come. */
export type LiveReply = {
  /** Names it, also to the server: however often it is sent, it is stored once. */
  readonly id: string;
  /**
   * `sending`: not yet on the server's disk. `not_sent`: it did not get there. `replying`: the reply
   * runs. `lost`: it runs, but the way to it is lost for good.
   */
  readonly phase: "sending" | "not_sent" | "replying" | "lost";
  /** What was said; null where another page said it. */
  readonly asked: string | null;
  readonly userMessage: Message | null;
  /** The message in whose place this one stands, with all that followed it. */
  readonly replaces: string | null;
  readonly text: string;
  /** What the model thinks, or thought before `text`. */
  readonly reasoning: string;
  /** Whether the connection is being restored. */
  readonly isReconnecting: boolean;
  /** Asked to stop; while it is `sending`, that is done as soon as there is a reply. */
  readonly isStopping: boolean;
  readonly problem: string | null;
};

export type Sending = {
  readonly content: string;
  readonly model: string | null;
  readonly agentId: string | null;
  readonly replaces: string | null;
};

/** That a message took the place of others. */
export type Replaced = {
  readonly conversationId: string;
  /** The id of the message. */
  readonly replacedBy: string;
  /** How many messages after the one that was said anew went. */
  readonly count: number;
  /** The new words, where they differ from the old ones. */
  readonly edited: string | null;
};

export type SendEvents = {
  /** With the conversation's id, once the message is on the server's disk. */
  readonly onStored: (conversationId: string) => void;
  readonly onReplaced: (replaced: Replaced) => void;
};

/** What is shown of a reply besides its text. */
export const SHOWN = { notices: true, reasoning: true } as const;

/** Where a conversation is that has no id yet. */
export const NEW = "new";

export const START: LiveReply = {
  id: "",
  phase: "sending",
  asked: null,
  userMessage: null,
  replaces: null,
  text: "",
  reasoning: "",
  isReconnecting: false,
  isStopping: false,
  problem: null,
};

/** A name that no other message has. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
