// A response of which nothing is kept.
import type { SharedEvent } from "../../core/turns/shared-answer.ts";
import type { AskShared, SharedTurn } from "../../core/turns/shared-answers.ts";
import type { PromptMessage } from "../../core/turns/turn.ts";
import { type Part, textIn } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { textsOf } from "../openai/usage.ts";
import { lastStatus, outputItems, type ThoughtsAs, thoughtsAs } from "./items.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import type { Asked } from "./request.ts";
import { statusOf, usageOf } from "./response.ts";
import { reasoningSeal } from "./seal.ts";
import { collector, type Ended, type Running, type Step } from "./steps.ts";

/** @throws AppError as SharedAnswers.ask */
export async function beginStateless(
  parts: Pick<ResponsesParts, "answers" | "sealingSecret">,
  principal: Principal,
  asked: Asked,
  prompt: readonly PromptMessage[],
  repeats: Pick<AskShared, "repeatedAs" | "mayComeBack"> = { repeatedAs: null, mayComeBack: false },
): Promise<Running> {
  const { model, temperature, settings } = asked;
  const sealing = await reasoningSeal(parts, principal, asked);
  const turn = await parts.answers.ask(principal, {
    question: () => ({ messages: prompt, model, temperature, settings, origin: ORIGIN }),
    ...repeats,
  });
  const base = {
    id: turn.id,
    createdAt: turn.createdAt,
    conversationId: null,
    echo: asked.echo,
    model: turn.model,
  };
  return {
    base,
    isBackground: false,
    isKept: false,
    seal: sealing,
    steps: (signal) =>
      stepsOf(turn, { prompt, seal: sealing, told: thoughtsAs(asked.echo) }, signal),
  };
}

type Given = {
  readonly prompt: readonly PromptMessage[];
  readonly seal: Running["seal"];
  readonly told: ThoughtsAs;
};

async function* stepsOf(turn: SharedTurn, given: Given, signal: AbortSignal): AsyncGenerator<Step> {
  const collected = collector();
  for await (const event of turn.follow(signal)) {
    if (event.type === "ended") {
      yield await endedOf(turn.id, event, collected.parts(), given);
      return;
    }
    const logprobs = event.type === "text" ? event.logprobs : undefined;
    for (const delta of collected.add(event))
      yield { type: "step", delta, ...(logprobs && { logprobs }) };
  }
}

async function endedOf(
  id: string,
  { outcome, endedAt }: Extract<SharedEvent, { type: "ended" }>,
  parts: readonly Part[],
  { prompt, seal, told }: Given,
): Promise<Ended> {
  const { model, usage, finishes, error } = outcome;
  const [finish] = finishes;
  const reply = {
    id,
    content: "",
    reasoning: null,
    parts,
    status: error ? "failed" : finish ? "complete" : "interrupted",
    finishReason: finish?.reason ?? null,
    interruptedBy: error || finish ? null : "stopped",
    error,
  } as const;
  return {
    type: "ended",
    error,
    said: parts,
    lastStatus: lastStatus(reply),
    outcome: {
      ...statusOf(reply),
      model,
      output: outputItems(reply, seal, told),
      usage: await usageOf(usage, textsOf(prompt), parts.map(textIn)),
      endedAt,
    },
  };
}
