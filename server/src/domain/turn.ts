import { AppError, type ErrorCode } from "./errors.ts";
import { type Interruption, type Message, partsOf, type ReplyError } from "./message.ts";
import { lengthOfAll } from "./parts.ts";

/**
 * What happens in a turn, in order, as those see it who see only the words of its reply. `position` numbers the
 * events: 0 is the acceptance, a delta's is the length of the words (in UTF-16 code units) after it, the ending's is
 * one more than the last. So "go on after position N" can be answered from the live log and, once the turn is over,
 * from the stored message alone.
 */
export type TurnEvent =
  | { readonly type: "accepted"; readonly position: 0; readonly userMessage: Message }
  | { readonly type: "delta"; readonly position: number; readonly text: string }
  | TurnEnding;

/** A turn has exactly one of these. The reply is as it was stored. */
export type TurnEnding =
  | { readonly type: "completed"; readonly position: number; readonly reply: Message }
  | { readonly type: "interrupted"; readonly position: number; readonly reply: Message }
  | {
      readonly type: "failed";
      readonly position: number;
      readonly reply: Message;
      readonly error: ReplyError;
    };

/** The ending that a stored reply stands for; null while it is still being generated. */
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

/** The same ending for those who see all parts of the reply: one past its length. */
export const endingOfParts = (ending: TurnEnding): TurnEnding => ({
  ...ending,
  position: lengthOfAll(partsOf(ending.reply)) + 1,
});

const RETRY_AFTER_MS = 2_000;

/** Why a reply failed, as an error that whoever waits for it is told. */
export const failureOf = (
  { code, message, retryAfterMs, isTooLong }: ReplyError,
  textSoFar = "",
): AppError => {
  const waitMs = retryAfterMs ?? (code === "unavailable" ? RETRY_AFTER_MS : undefined);
  return new AppError(code, message, {
    textSoFar,
    ...(isTooLong && { isTooLong }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
};

/** What became of an interrupted reply, and what to do about it. */
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
 * What to tell somebody who waited for a whole reply and whose wire has no word for one that is not:
 * the error that an ending stands for, with the text so far. Null for a complete reply.
 */
export function errorOfEnding(ending: TurnEnding): AppError | null {
  const { content, interruptedBy } = ending.reply;
  if (ending.type === "completed") return null;
  if (ending.type === "failed") return failureOf(ending.error, content);
  return interruptionError(interruptedBy ?? "stopped", content);
}

/** What to tell somebody who waited for a reply that was interrupted. @param textSoFar absent: it is not told */
export function interruptionError(cause: Interruption, textSoFar?: string): AppError {
  const [code, message] = INTERRUPTED[cause];
  const retry = code === "unavailable" ? { retryAfterMs: RETRY_AFTER_MS } : {};
  return new AppError(code, message, { ...(textSoFar !== undefined && { textSoFar }), ...retry });
}

/**
 * Whether a reply that is over may be generated again under the key of its request: nothing of it
 * was said, and what ended it was neither its user nor the model's own answer.
 */
export function mayGenerateAgain({ status, content, finishReason, ...reply }: Message): boolean {
  if (content !== "" || finishReason !== null) return false;
  if (status === "interrupted")
    return reply.interruptedBy === "crash" || reply.interruptedBy === "shutdown";
  return status === "failed" && reply.error?.code !== "model_refused";
}
