import type { Attachment } from "./file.ts";
import type { JsonObject } from "./json.ts";
import { type Part, type PartType, reasoningOf, textOf } from "./parts.ts";

/** `developer` and `tool` (what tools gave) are told to models, and shown by the wires alone that have words for them. */
export const ROLES = ["user", "assistant", "system", "developer", "tool"] as const;
export type Role = (typeof ROLES)[number];
/** What every wire shows. */
export const SHOWN_ROLES = ["user", "assistant", "system"] as const satisfies readonly Role[];
export type ShownRole = (typeof SHOWN_ROLES)[number];

/** The role for wires that do not know the other roles. They show messages of those only in lists of their own making. */
export const shownRole = (role: Role): ShownRole =>
  SHOWN_ROLES.find((shown) => shown === role) ?? "system";

/** `streaming` is the state of a reply that is being generated; no wire shows such a message. */
export type MessageStatus = "streaming" | "complete" | "interrupted" | "failed";

/**
 * Why a model ended its answer: it was complete, reached its length limit, was filtered by its provider,
 * asked for tools, or ended for another reason.
 */
export const FINISH_REASONS = ["stop", "length", "filter", "tool_calls", "other"] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/**
 * The cause of an interruption: the user stopped the reply (`stopped`), a newer message took its place
 * (`superseded`), the reply or its conversation was deleted (`deleted`), the server was shut
 * down (`shutdown`) or crashed (`crash`), or a listener spoke over the reply (`heard`).
 */
export const INTERRUPTIONS = [
  "stopped",
  "superseded",
  "deleted",
  "shutdown",
  "crash",
  "heard",
] as const;
export type Interruption = (typeof INTERRUPTIONS)[number];

/** Tokens as the provider counted them. */
export type Usage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** The tokens of the prompt that the provider had cached. */
  readonly cachedTokens?: number;
  /** The tokens of the completion that are reasoning. */
  readonly reasoningTokens?: number;
  /** The price in US dollars, if the provider reports it (OpenRouter does). */
  readonly costUsd?: number;
};

export type Message = {
  /** A UUID. */
  readonly id: string;
  readonly conversationId: string;
  /** Its ascending number in the conversation, which alone determines the order. */
  readonly sequence: number;
  readonly role: Role;
  /** The words of its parts. */
  readonly content: string;
  /**
   * The parts of the message. Null means that the message consists of its reasoning, if there is any, followed by its
   * content as one part of text.
   */
  readonly parts: readonly Part[] | null;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly usage: Usage | null;
  /** The reasoning of the model as one text; never part of the content. */
  readonly reasoning: string | null;
  /** The time that the model spent on reasoning before the first word of its answer; null if unknown. */
  readonly reasoningMs: number | null;
  /** Null for replies that were interrupted or failed, and for messages that no model wrote. */
  readonly finishReason: FinishReason | null;
  /** Null unless the reply was interrupted; also null if it was stored by a version that did not record the cause. */
  readonly interruptedBy: Interruption | null;
  /** The reason of a failure, in words for the reader of the reply. */
  readonly error: ReplyError | null;
  /** The files that were attached; absent if there are none. */
  readonly attachments?: readonly Attachment[];
  /**
   * Of a reply whose turn is more than a user's message and its answer, and of a message that may be a stranger's;
   * absent of others.
   */
  readonly turn?: TurnRecord;
  readonly createdAt: Date;
  /** The time at which a reply ended, or at which any other message was stored. */
  readonly finishedAt: Date | null;
};

/** What is kept of a turn besides its messages. */
export type TurnRecord = {
  /** The list of its wire that the turn is in; absent: none. It is first in the JSON, by which the store finds it. */
  readonly list?: string;
  /** How many messages right before the reply are the turn's input. */
  readonly inputs: number;
  /** What its wire keeps with it; absent: nothing. */
  readonly record?: JsonObject;
  /**
   * The message was not its user's own words, and may be a stranger's (`StartTurn.isUntrusted`). It is with the message
   * itself, and with each reply that answers it. Absent: it was.
   */
  readonly isUntrusted?: true;
};

/** The record of a message that is no reply, and not its user's own words. */
export const UNTRUSTED = { inputs: 0, isUntrusted: true } as const satisfies TurnRecord;

/** The fields that only a generated reply has. */
export const NOT_GENERATED = {
  parts: null,
  usage: null,
  reasoning: null,
  reasoningMs: null,
  finishReason: null,
  interruptedBy: null,
  error: null,
} as const satisfies Partial<Message>;

type Document = Pick<Message, "content" | "reasoning" | "parts">;

/** The message as a document of parts. */
export function partsOf({ content, reasoning, parts }: Document): readonly Part[] {
  if (parts) return parts;
  return [
    ...(reasoning ? [{ type: "reasoning", text: reasoning } as const] : []),
    ...(content ? [{ type: "text", text: content } as const] : []),
  ];
}

/** Whether reasoning and content represent these parts completely. */
export const isPlain = (types: readonly PartType[]): boolean =>
  types.length <= 2 && ["", "text", "reasoning", "reasoning text"].includes(types.join(" "));

/** The fields of a message that follow from its parts. */
export const documentOf = (parts: readonly Part[]): Document => ({
  content: textOf(parts),
  reasoning: reasoningOf(parts) || null,
  parts: isPlain(parts.map(({ type }) => type)) ? null : parts,
});

export type ReplyError = {
  readonly code:
    | "model_refused"
    | "model_failed"
    | "model_unavailable"
    | "rate_limited"
    | "unavailable"
    | "internal";
  readonly message: string;
  /** The conversation is longer than the model takes, and was not to be shortened. */
  readonly isTooLong?: true;
  /** The provider does not know the model. */
  readonly isUnknownModel?: true;
  /** When the provider wants to be asked again, where it said so. */
  readonly retryAfterMs?: number;
};

/** The row of a reply in progress, whose text is kept elsewhere. */
export const withoutText = (reply: Message): Message => ({
  ...reply,
  content: "",
  reasoning: null,
  parts: null,
});
