import { AppError, type ErrorCode } from "./errors.ts";
import { type Interruption, type Message, partsOf, type ReplyError } from "./message.ts";
import { lengthOfAll } from "./parts.ts";
import type { ToolQuestion } from "./tool-question.ts";

/**
 * The events of a turn, in order, for watchers of the words alone. `position` numbers the events: the acceptance is 0,
 * a delta has the length of the words after it (in UTF-16 code units), and the ending has one more than the last delta.
 * A watcher can therefore continue after position N from the live log and, once the turn is over, from the stored
 * message alone.
 */
export type TurnEvent =
  | { readonly type: "accepted"; readonly position: 0; readonly userMessage: Message }
  | { readonly type: "delta"; readonly position: number; readonly text: string }
  | TurnEnding;

/**
 * The ending of a turn, of which there is exactly one. It has the reply as it was stored. `waiting` ends only what one
 * sees of a turn now: the reply waits for a decision, and goes on after that position.
 */
export type TurnEnding =
  | {
      readonly type: "waiting";
      readonly position: number;
      readonly reply: Message;
      /** What is asked, oldest first. */
      readonly questions: readonly ToolQuestion[];
    }
  | { readonly type: "completed"; readonly position: number; readonly reply: Message }
  | { readonly type: "interrupted"; readonly position: number; readonly reply: Message }
  | {
      readonly type: "failed";
      readonly position: number;
      readonly reply: Message;
      readonly error: ReplyError;
    };

/** A reply that waits for a decision or a result. */
export type Waiting = Extract<TurnEnding, { type: "waiting" }>;

/** The ending that a stored reply represents; null while the reply is being generated. */
export function endingOf(reply: Message): TurnEnding | null {
  const position = reply.content.length + 1;
  switch (reply.status) {
    case "complete":
      return { type: "completed", position, reply };
    case "interrupted":
      return { type: "interrupted", position, reply };
    case "failed":
      return {
        type: "failed",
        position,
        reply,
        error: reply.error ?? { code: "internal", message: "The reply failed" },
      };
    case "streaming":
      return null;
  }
}

/** The same ending for watchers of all parts. Its position is one more than the length of the reply. */
export const endingOfParts = (ending: TurnEnding): TurnEnding => ({
  ...ending,
  position: lengthOfAll(partsOf(ending.reply)) + (ending.type === "waiting" ? 0 : 1),
});

/** The position of an ending for watchers of the words. */
export const positionOfWords = ({ type, reply }: Pick<TurnEnding, "type" | "reply">): number =>
  reply.content.length + (type === "waiting" ? 0 : 1);

const RETRY_AFTER_MS = 2_000;

/** The failure of a reply as an error for the clients that wait for it. */
export const failureOf = (
  { code, message, retryAfterMs, isTooLong, isUnknownModel }: ReplyError,
  textSoFar = "",
): AppError => {
  const waitMs = retryAfterMs ?? (code === "unavailable" ? RETRY_AFTER_MS : undefined);
  return new AppError(code, message, {
    textSoFar,
    ...(isTooLong && { isTooLong }),
    ...(isUnknownModel && { isUnknownModel }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
};

/** What happened to an interrupted reply, and what its reader can do about it. */
const INTERRUPTED: Readonly<Record<Interruption, readonly [code: ErrorCode, message: string]>> = {
  stopped: [
    "conflict",
    "The reply was stopped before its end. Send the message again for a new one",
  ],
  superseded: ["conflict", "The reply was stopped, since another message took its place"],
  deleted: ["conflict", "The reply was stopped, since its conversation or message was deleted"],
  heard: ["conflict", "The reply was stopped, since its listener spoke over it"],
  shutdown: [
    "unavailable",
    "The reply was cut off by a restart of the server. Send the message again for a new one",
  ],
  crash: [
    "unavailable",
    "The reply was cut off by a failure of the server. Send the message again for a new one",
  ],
};

/**
 * The error for a client that waited for a complete reply on a wire that cannot express an incomplete one. It has
 * the text so far. Null for a complete reply.
 */
export function errorOfEnding(ending: TurnEnding): AppError | null {
  const { content, interruptedBy } = ending.reply;
  if (ending.type === "completed") return null;
  if (ending.type === "waiting")
    return new AppError(
      "conflict",
      "The reply waits until somebody allows or declines what the model wants to do. Decide in the app",
      { textSoFar: content },
    );
  if (ending.type === "failed") return failureOf(ending.error, content);
  return interruptionError(interruptedBy ?? "stopped", content);
}

/** The error for a client that waited for a reply that was interrupted. @param textSoFar left out of the error if absent */
export function interruptionError(cause: Interruption, textSoFar?: string): AppError {
  const [code, message] = INTERRUPTED[cause];
  const retry = code === "unavailable" ? { retryAfterMs: RETRY_AFTER_MS } : {};
  return new AppError(code, message, { ...(textSoFar !== undefined && { textSoFar }), ...retry });
}

/**
 * Whether a reply that is over may be generated again under the idempotency key of its request. This is allowed if
 * it has no words and was ended neither by its user nor by the model itself.
 */
export function mayGenerateAgain({ status, content, finishReason, ...reply }: Message): boolean {
  if (content !== "" || finishReason !== null) return false;
  if (status === "interrupted")
    return reply.interruptedBy === "crash" || reply.interruptedBy === "shutdown";
  return status === "failed" && reply.error?.code !== "model_refused";
}
