import type { Attachment } from "./file.ts";
import type { JsonObject } from "./json.ts";
import { type Part, type PartType, reasoningOf, textOf } from "./parts.ts";

/** `developer` and `tool` (what tools gave) are told to models, and shown by the wires alone that have words for them. */
export const ROLES = ["user", "assistant", "system", "developer", "tool"] as const;
export type Role = (typeof ROLES)[number];
/** What every wire shows. */
export const SHOWN_ROLES = ["user", "assistant", "system"] as const satisfies readonly Role[];
export type ShownRole = (typeof SHOWN_ROLES)[number];

/** The role for wires that have no words for the others: they show none of those, but in lists of their own making. */
export const shownRole = (role: Role): ShownRole =>
  SHOWN_ROLES.find((shown) => shown === role) ?? "system";

/** `streaming` is the state of a reply that is being generated; no wire shows such a message. */
export type MessageStatus = "streaming" | "complete" | "interrupted" | "failed";

/**
 * Why a model ended its answer: it was done, reached its length limit, was filtered by its provider,
 * asked for tools, or gave a reason that is none of these.
 */
export const FINISH_REASONS = ["stop", "length", "filter", "tool_calls", "other"] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/**
 * What ended an interrupted reply: its user (`stopped`), a newer message that took its place
 * (`superseded`), the deletion of its conversation or of itself (`deleted`), a server that was shut
 * down (`shutdown`) or was lost with the reply unfinished (`crash`), a listener who spoke over it (`heard`).
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
  /** Of the prompt: those that the provider had kept from before. */
  readonly cachedTokens?: number;
  /** Of the completion: those of its reasoning. */
  readonly reasoningTokens?: number;
  /** In US dollars, where the provider says it (OpenRouter). */
  readonly costUsd?: number;
};

export type Message = {
  /** A UUID. */
  readonly id: string;
  readonly conversationId: string;
  /** Its place in the conversation, ascending; the only order that counts. */
  readonly sequence: number;
  readonly role: Role;
  /** Its words: those of its parts. */
  readonly content: string;
  /**
   * What it consists of, where that is more than its reasoning, if it has any, and then its content as one part of
   * text; null where it is that.
   */
  readonly parts: readonly Part[] | null;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly usage: Usage | null;
  /** What a reasoning model thought, all of it joined; never part of the content. */
  readonly reasoning: string | null;
  /** How long it thought before the first word of its answer; null where that is not known. */
  readonly reasoningMs: number | null;
  /** Null for what no model ended: other messages, and replies that were interrupted or failed before. */
  readonly finishReason: FinishReason | null;
  /** Null for all but interrupted replies, and for those of versions that did not note it. */
  readonly interruptedBy: Interruption | null;
  /** Why a failed reply failed, in words fit for its reader. */
  readonly error: ReplyError | null;
  /** The files that it was sent with; absent where there are none. */
  readonly attachments?: readonly Attachment[];
  /** Of a reply whose turn is more than a user's message and its answer; absent of others. */
  readonly turn?: TurnRecord;
  readonly createdAt: Date;
  /** When a reply ended; for other messages the time they were stored. */
  readonly finishedAt: Date | null;
};

/** What is kept of a turn besides its messages. */
export type TurnRecord = {
  /** How many messages right before the reply are the turn's input. */
  readonly inputs: number;
  /** What its wire keeps with it; absent: nothing. */
  readonly record?: JsonObject;
};

/** The part of a message that only a generated reply has. */
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

/** The message as the document that it is. */
export function partsOf({ content, reasoning, parts }: Document): readonly Part[] {
  if (parts) return parts;
  return [
    ...(reasoning ? [{ type: "reasoning", text: reasoning } as const] : []),
    ...(content ? [{ type: "text", text: content } as const] : []),
  ];
}

/** Whether the reasoning and the content of a message of such parts say all of it. */
export const isPlain = (types: readonly PartType[]): boolean =>
  types.length <= 2 && ["", "text", "reasoning", "reasoning text"].includes(types.join(" "));

/** What of a message its parts say. */
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
  /** When the provider wants to be asked again, where it said so. */
  readonly retryAfterMs?: number;
};
