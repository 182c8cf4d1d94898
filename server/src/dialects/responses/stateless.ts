// A response of which nothing is kept.
import { textOfPrompt } from "../../core/turns/prompt.ts";
import type { AskedEvent, PromptMessage, StatelessTurn } from "../../core/turns/turn.ts";
import { type Part, textIn } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { lastStatus, outputItems, type ThoughtsAs, thoughtsAs } from "./items.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import type { Asked } from "./request.ts";
import { statusOf, usageOf } from "./response.ts";
import { seal } from "./seal.ts";
import { collector, type Ended, type Running, type Step } from "./steps.ts";

/** @throws AppError as Turns.ask */
export async function beginStateless(
  { turns, now }: Pick<ResponsesParts, "turns" | "now">,
  principal: Principal,
  asked: Asked,
  prompt: readonly PromptMessage[],
): Promise<Running> {
  const turn = await turns.ask(principal, {
    messages: prompt,
    model: asked.model,
    temperature: asked.temperature,
    settings: asked.settings,
    origin: ORIGIN,
  });
  const sealing = asked.sealsReasoning ? seal : null;
  const base = {
    id: turn.id,
    createdAt: now(),
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
      stepsOf(turn, { prompt, seal: sealing, told: thoughtsAs(asked.echo), now }, signal),
  };
}

type Given = {
  readonly prompt: readonly PromptMessage[];
  readonly seal: Running["seal"];
  readonly told: ThoughtsAs;
  readonly now: () => Date;
};

async function* stepsOf(
  turn: StatelessTurn,
  given: Given,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const collected = collector();
  for await (const event of turn.follow(signal)) {
    if (event.type === "ended") {
      yield endedOf(turn.id, event.outcome, collected.parts(), given);
      return;
    }
    const logprobs = event.type === "text" ? event.logprobs : undefined;
    for (const delta of collected.add(event))
      yield { type: "step", delta, ...(logprobs && { logprobs }) };
  }
}

function endedOf(
  id: string,
  { model, usage, finishes: [finish], error }: Extract<AskedEvent, { type: "ended" }>["outcome"],
  parts: readonly Part[],
  { prompt, seal, told, now }: Given,
): Ended {
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
      usage: usageOf(usage, prompt.map(textOfPrompt), parts.map(textIn)),
      endedAt: now(),
    },
  };
}
