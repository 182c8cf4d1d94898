import { AppError, toAppError } from "../../domain/errors.ts";
import {
  documentOf,
  type FinishReason,
  type Interruption,
  type Message,
  type ReplyError,
  type Usage,
} from "../../domain/message.ts";
import { type Part, textOf } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { endingOf, type TurnEnding } from "../../domain/turn.ts";
import type { TurnParts } from "./turn.ts";

/** What became of a reply. */
export type Outcome = {
  status: "complete" | "interrupted" | "failed";
  parts: readonly Part[];
  reasoningMs: number | null;
  model: string;
  usage: Usage | null;
  finishReason: FinishReason | null;
  /** The reason in the provider's own word. */
  finishWord: string | null;
  interruptedBy: Interruption | null;
  error: ReplyError | null;
  /** Whether the store may hold checkpoints of it. */
  hasCheckpoints: boolean;
};

const STORE_RETRY_MS = 250;
const STORE_PATIENCE_MS = 10_000;

/** Why an answer that came to its end cannot be used; null if it can. */
export function whatIsMissing({ parts, finishReason }: Outcome): AppError | null {
  if (finishReason === null) return unfinished();
  if (/\S/u.test(textOf(parts)) || parts.some(({ type }) => type === "tool_call")) return null;
  switch (finishReason) {
    case "tool_calls":
      return unofferedTool();
    case "filter":
      return new AppError(
        "model_refused",
        "The model's answer was withheld by its content filter. Put the question in other words, or choose another model",
      );
    case "length":
      return new AppError(
        "model_failed",
        "The model reached its length limit before the first word of its answer. Ask for less at a time, or choose another model",
      );
    default:
      return new AppError(
        "model_failed",
        "The model gave an empty answer. Ask again, or choose another model",
      );
  }
}

export const unfinished = (): AppError =>
  new AppError("model_failed", "The model ended its answer without saying that it was finished");

export const unofferedTool = (): AppError =>
  new AppError(
    "model_failed",
    "The model asked for a tool instead of answering, and no tool was offered to it. Ask again, or choose another model",
  );

export const tooLate = (timeoutMs: number): AppError =>
  new AppError(
    "model_failed",
    `The model did not finish its answer within ${Math.round(timeoutMs / 1000)} s`,
  );

/** @param options.isLimitTold whether a limit of the provider is told as one; otherwise it is a failure of the model */
export function replyError(
  error: unknown,
  { isLimitTold = false }: { readonly isLimitTold?: boolean } = {},
): ReplyError {
  const { code, message, retryAfterMs, isTooLong, isUnknownModel } = toAppError(error);
  const isTold =
    (isLimitTold && code === "rate_limited") ||
    code === "model_refused" ||
    code === "model_unavailable" ||
    code === "unavailable" ||
    code === "internal";
  return {
    code: isTold ? code : "model_failed",
    message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(isTooLong && { isTooLong }),
    ...(isUnknownModel && { isUnknownModel }),
  };
}

/**
 * Stores the ending, and tries again for a while if the store cannot take it. After that, the watchers are told
 * that the reply failed, and the store gets the ending when it answers again.
 */
export async function keep(
  { store, clock, pendingEndings }: TurnParts,
  owner: Owner,
  reply: Message,
  outcome: Outcome,
): Promise<TurnEnding> {
  const { status, parts, model, usage, error, reasoningMs, finishReason, interruptedBy } = outcome;
  const finishedAt = clock.now();
  const end = {
    status,
    ...documentOf(parts),
    model,
    usage,
    error,
    reasoningMs,
    finishReason,
    interruptedBy,
    finishedAt,
  };
  const unstored: Message = { ...reply, ...end };
  let patience: AbortSignal | null = null;
  for (;;) {
    try {
      const stored = await store.finishReply(owner, reply.id, end, outcome.hasCheckpoints);
      return asEnding(
        stored ??
          (await store.getMessage(owner, reply.id)) ?? {
            ...unstored,
            status: "interrupted",
            interruptedBy: interruptedBy ?? "deleted",
            finishReason: null,
            error: null,
          },
      );
    } catch (problem) {
      patience ??= AbortSignal.timeout(STORE_PATIENCE_MS);
      if (patience.aborted) {
        pendingEndings.add(owner, reply.id, end);
        return asEnding({ ...unstored, status: "failed", error: replyError(problem) });
      }
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}

/**
 * Takes back a turn that failed before anything was said; where the store does not answer, it is kept as it is.
 * @param beganConversation whether its conversation goes with it, if nothing else is in there
 */
export async function takeBack(
  parts: TurnParts,
  owner: Owner,
  { reply, beganConversation }: { readonly reply: Message; readonly beganConversation: boolean },
  outcome: Outcome,
): Promise<TurnEnding> {
  try {
    await parts.store.removeTurn(owner, reply.id, beganConversation);
  } catch {
    return keep(parts, owner, reply, outcome);
  }
  const { status, model, usage, error } = outcome;
  return asEnding({ ...reply, status, model, usage, error, finishedAt: parts.clock.now() });
}

const asEnding = (reply: Message): TurnEnding =>
  endingOf(reply) ?? { type: "interrupted", position: reply.content.length + 1, reply };
