// A response that is being generated, wherever it is kept: what its stream and its answer are made from.
import type { ModelPart } from "../../core/turns/turn.ts";
import type { AppError } from "../../domain/errors.ts";
import { growingParts } from "../../domain/growing-parts.ts";
import type { JsonObject } from "../../domain/json.ts";
import { CLIENT_TOOLS, CUSTOM_TOOLS, type Part, type PartDelta } from "../../domain/parts.ts";
import type { ItemStatus } from "./item-body.ts";
import type { StageView } from "./mcp-items.ts";
import type { Outcome, ResponseBase } from "./response.ts";

/** What comes of a response, in order; the last is its one ending. */
export type Step =
  | {
      readonly type: "step";
      readonly delta: PartDelta;
      readonly logprobs?: readonly JsonObject[];
      /** It belongs to what another response has shown. */
      readonly isBefore?: boolean;
    }
  | Ended;

export type Ended = {
  readonly type: "ended";
  readonly outcome: Outcome;
  /** Of the item that was open. */
  readonly lastStatus: ItemStatus;
  /** Why it failed, as far as it is told apart from its outcome. */
  readonly error: AppError | null;
  /** What was said, of a response that is not kept. */
  readonly said?: readonly Part[];
};

export type Running = {
  readonly base: ResponseBase;
  readonly isBackground: boolean;
  /** Whether it goes on without whoever watches it, so that a client can come back for the rest. */
  readonly isKept: boolean;
  /** What gives reasoning its `encrypted_content`; null: it has none. */
  readonly seal: ((text: string) => string) | null;
  /** What of the reply it shows, where the server's tools were asked for; absent: all of it. */
  readonly view?: StageView;
  /** From the first piece on. @throws AppError where it fails before anything was said and nothing of it is kept */
  steps(signal: AbortSignal): AsyncIterable<Step>;
};

/** Collects what a model says, and tells how the reply grows. */
export function collector() {
  const parts = growingParts();
  return {
    parts: (): Part[] => parts.parts(),
    add(said: Exclude<ModelPart, { type: "finish" }>): PartDelta[] {
      const before = parts.length;
      if (said.type === "arguments") parts.grow(said.text);
      else if (said.type === "tool_call")
        parts.add({
          type: "tool_call",
          callId: said.callId,
          source: said.isCustom ? CUSTOM_TOOLS : CLIENT_TOOLS,
          name: said.name,
          arguments: said.text,
        });
      else if (said.type === "refusal" && parts.last === "refusal") parts.grow(said.text);
      else parts.add({ type: said.type, text: said.text });
      return parts.after(before);
    },
  };
}

/** The last step. @throws AppError as `Running.steps` */
export async function endOfSteps(running: Running, signal: AbortSignal): Promise<Ended | null> {
  for await (const step of running.steps(signal)) if (step.type === "ended") return step;
  return null;
}
