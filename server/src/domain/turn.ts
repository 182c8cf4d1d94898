import { AppError } from "./errors.ts";
import type { Message, ReplyError } from "./message.ts";

/**
 * What happens in a turn, in order. `position` numbers the events: 0 is the acceptance, a delta's is
 * the length of the reply (in UTF-16 code units) after it, the ending's is one more than the last.
 * So "go on after position N" can be answered from the live log and, once the turn is over, from the
 * stored message alone.
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

const RETRY_AFTER_MS = 2_000;

/** Why a reply failed, as an error that whoever waits for it is told. */
export const failureOf = ({ code, message }: ReplyError): AppError =>
  new AppError(code, message, code === "unavailable" ? { retryAfterMs: RETRY_AFTER_MS } : {});
