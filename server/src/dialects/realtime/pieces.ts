import type { AskedEvent, PartsEvent } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import type { FinishReason, Message, Usage } from "../../domain/message.ts";
import { errorOfEnding, type TurnEnding } from "../../domain/turn.ts";

/** How an answer ended, in this wire's words. */
export type Outcome = {
  readonly usage: Usage | null;
} & (
  | { readonly status: "completed" }
  | { readonly status: "incomplete"; readonly reason: "max_output_tokens" | "content_filter" }
  | { readonly status: "cancelled"; readonly reason: "client_cancelled" | "turn_detected" }
  | { readonly status: "failed"; readonly error: AppError }
);

/** What comes of an answer, in order, whether it is kept or not; the last is its end. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly callId: string; readonly name: string }
  /** More of the arguments of the call before. */
  | { readonly type: "arguments"; readonly text: string }
  | { readonly type: "ended"; readonly outcome: Outcome };

/** Of a turn that is stored. */
export async function* piecesOfTurn(events: AsyncIterable<PartsEvent>): AsyncGenerator<Piece> {
  for await (const event of events) {
    if (event.type === "open") {
      if (event.part.type === "tool_call")
        yield { type: "call", callId: event.part.callId, name: event.part.name };
    } else if (event.type !== "grow") yield { type: "ended", outcome: outcomeOf(event) };
    else if (event.of === "text" || event.of === "refusal")
      yield { type: "text", text: event.text };
    else if (event.of === "tool_call") yield { type: "arguments", text: event.text };
  }
}

/** Of a turn that nothing keeps. */
export async function* piecesOfAsked(events: AsyncIterable<AskedEvent>): AsyncGenerator<Piece> {
  for await (const event of events) {
    switch (event.type) {
      case "text":
      case "refusal":
        yield { type: "text", text: event.text };
        break;
      case "tool_call":
        yield { type: "call", callId: event.callId, name: event.name };
        if (event.text) yield { type: "arguments", text: event.text };
        break;
      case "arguments":
        yield { type: "arguments", text: event.text };
        break;
      case "ended": {
        const { error, usage, finishes } = event.outcome;
        const outcome: Outcome = error
          ? { status: "failed", error, usage }
          : finished(finishes[0]?.reason ?? null, usage);
        yield { type: "ended", outcome };
      }
    }
  }
}

function outcomeOf(ending: TurnEnding): Outcome {
  const { finishReason, usage, interruptedBy }: Message = ending.reply;
  if (ending.type === "completed") return finished(finishReason, usage);
  if (ending.type === "interrupted" && interruptedBy !== "crash" && interruptedBy !== "shutdown")
    return { status: "cancelled", reason: "client_cancelled", usage };
  const error = errorOfEnding(ending) ?? new AppError("internal", "The reply failed");
  return { status: "failed", error, usage };
}

function finished(reason: FinishReason | null, usage: Usage | null): Outcome {
  if (reason === "length") return { status: "incomplete", reason: "max_output_tokens", usage };
  if (reason === "filter") return { status: "incomplete", reason: "content_filter", usage };
  return { status: "completed", usage };
}
