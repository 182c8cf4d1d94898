export type Role = "user" | "assistant" | "system";

/** `streaming` is the state of a reply that is being generated; no wire shows such a message. */
export type MessageStatus = "streaming" | "complete" | "interrupted" | "failed";

/** Tokens as the provider counted them. */
export type Usage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
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
  readonly content: string;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly usage: Usage | null;
  /** What a reasoning model thought before it answered; never part of the content. */
  readonly reasoning: string | null;
  /** Why a failed reply failed, in words fit for its reader. */
  readonly error: ReplyError | null;
  readonly createdAt: Date;
  /** When a reply ended; for other messages the time they were stored. */
  readonly finishedAt: Date | null;
};

export type ReplyError = {
  readonly code: "model_refused" | "model_failed" | "rate_limited" | "unavailable" | "internal";
  readonly message: string;
};
