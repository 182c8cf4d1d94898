import type { Message, Part, Question } from "@colloquy/client";
import type { FileFacts } from "../files/attached.ts";

/** A message on its way and the reply to it, as far as it has come. */
export type LiveReply = {
  /** Names it, also to the server: however often it is sent, it is stored once. */
  readonly id: string;
  /**
   * `sending`: not yet on the server's disk. `not_sent`: it did not get there. `replying`: the reply
   * runs. `waiting`: it waits until its questions are decided. `lost`: it runs, but the way to it is lost for good.
   */
  readonly phase: "sending" | "not_sent" | "replying" | "waiting" | "lost";
  /** What is to be decided; of a reply that waits. */
  readonly questions: readonly Question[];
  /** What was said; null where another page said it. */
  readonly asked: string | null;
  /** The files that it is sent with. */
  readonly files: readonly FileFacts[];
  readonly userMessage: Message | null;
  /** The message of which this one is a new version: from there on nothing else is shown. */
  readonly replaces: string | null;
  /** The branch that the reply is said on; null where that is not known yet. */
  readonly branch: number | null;
  readonly text: string;
  /** All that it consists of so far. */
  readonly parts: readonly Part[];
  /** The calls of tools among them, their results and the sources. */
  readonly steps: readonly Part[];
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
  readonly files: readonly FileFacts[];
  readonly model: string | null;
  readonly agentId: string | null;
  /** The project that a conversation begins in with it; null: none. */
  readonly projectId: string | null;
  /** Whether a conversation that begins with it is to be temporary. */
  readonly isTemporary: boolean;
  /** The id of a question, of which this is a new version. */
  readonly replaces: string | null;
  /** Whether that question stays as it is, and only its answer is to be a new one. */
  readonly isAnswerAgain: boolean;
};

/** What was said, and did not reach the server. */
export type Unsent = { readonly text: string; readonly files: readonly FileFacts[] };

/** A message that is on the server's disk. */
export type StoredQuestion = {
  readonly conversationId: string;
  readonly questionId: string | null;
  /** The branch that it is answered on. */
  readonly branch: number;
};

export type SendEvents = { readonly onStored: (stored: StoredQuestion) => void };

/** What is shown of a reply besides its text. */
export const SHOWN = { notices: true, parts: true } as const;

/** Where a conversation is that has no id yet. */
export const NEW = "new";

export const START: LiveReply = {
  id: "",
  phase: "sending",
  asked: null,
  files: [],
  userMessage: null,
  replaces: null,
  branch: null,
  text: "",
  parts: [],
  steps: [],
  reasoning: "",
  isReconnecting: false,
  isStopping: false,
  problem: null,
  questions: [],
};

/** A name that no other message has. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
