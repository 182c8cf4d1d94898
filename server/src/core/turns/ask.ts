import { toAppError } from "../../domain/errors.ts";
import type { Speaker } from "../../domain/principal.ts";
import { kept, pulled, type StopGiving } from "../../domain/sink.ts";
import { interruptionError } from "../../domain/turn.ts";
import type { ModelPart } from "../../ports/model.ts";
import type { LocalTurns } from "./local-turns.ts";
import { ask } from "./model-request.ts";
import { tooLate, unfinished, unofferedTool } from "./reply-ending.ts";
import { createStop } from "./stop.ts";
import type { AskedEvent, AskedOutcome, AskModelOnce, StatelessTurn, TurnParts } from "./turn.ts";

type AskParts = Pick<TurnParts, "models" | "budgets" | "deadlines" | "observer" | "newId"> & {
  readonly local: Pick<LocalTurns, "checkOpen" | "addStateless">;
};

/** Asks a model and keeps nothing. @throws as Turns.ask */
export async function askOnce(
  parts: AskParts,
  owner: Speaker,
  { messages, model, temperature, settings = {}, origin }: AskModelOnce,
): Promise<StatelessTurn> {
  const { models, budgets, deadlines, local } = parts;
  local.checkOpen();
  await models.admit(model, owner.models, "the");
  const read = {
    ...{ messages, settings, model, temperature },
    contextTokens: models.contextTokensOf(model),
  };
  const reservation = await budgets.reserve(owner, async () => read);
  const id = parts.newId();
  const name = models.nameOf(model);
  const observation = parts.observer.begin({
    replyId: id,
    conversationId: null,
    origin,
    model: name,
  });
  observation.asked();
  const { promise: ending, resolve: tellEnded } = Promise.withResolvers<void>();
  const stop = createStop();
  const { sink, give } = kept<ModelPart>();
  let stopModel: StopGiving | null = null;
  /** What was said, where it may have to be estimated. */
  const said: string[] = [];
  let outcome: AskedOutcome | null = null;
  let settled: Promise<void> | null = null;
  const end = (result: Partial<AskedOutcome>): AskedOutcome => {
    if (outcome) return outcome;
    const ended = { model: name, usage: null, finishes: [], error: null, ...result };
    outcome = ended;
    endWait();
    stopModel?.();
    sink.end(UNWANTED);
    settled = reservation.settle(ended.usage, said.join(""));
    observation.ended({
      status: stop.cause ? "interrupted" : ended.error ? "failed" : "complete",
      model: ended.model,
      usage: ended.usage,
      finishReason: ended.finishes[0]?.word ?? null,
      errorCode: ended.error?.code ?? null,
    });
    tellEnded();
    return ended;
  };
  const endWait = deadlines.add(() => end({ error: tooLate(deadlines.timeoutMs) }));
  stop.listen(() =>
    end({ error: stop.cause === "shutdown" ? interruptionError("shutdown") : null }),
  );

  ask(parts, { owner, reservation }, read, sink).then(
    (stopIt) => {
      stopModel = stopIt;
      if (outcome) stopIt();
    },
    (error: unknown) => {
      end({ error: toAppError(error) });
    },
  );
  let isAnswering = false;

  /** @throws AppError where nothing was said */
  async function* events(): AsyncGenerator<AskedEvent> {
    let isBegun = false;
    try {
      for await (const part of pulled(give)) {
        if (part.type === "finish") {
          const { reason, word, choices = [{ reason, word }], usage } = part;
          if (reason === "tool_calls" && !isBegun) throw unofferedTool();
          end({ model: part.model ?? name, usage, finishes: choices });
          break;
        }
        isBegun = true;
        if (reservation.fit) said.push(part.text);
        if (!isAnswering && part.type !== "reasoning") {
          isAnswering = true;
          observation.firstToken();
        }
        yield part;
      }
    } catch (error) {
      const { error: why } = end({ error: toAppError(error) });
      await settled;
      if (!isBegun && why) throw why;
    }
    const ended = end({ error: unfinished() });
    await settled;
    yield { type: "ended", outcome: ended };
  }

  async function* follow(signal: AbortSignal): AsyncGenerator<AskedEvent> {
    const goAway = () => stop.now("stopped");
    signal.addEventListener("abort", goAway);
    if (signal.aborted) goAway();
    try {
      yield* events();
    } finally {
      signal.removeEventListener("abort", goAway);
      goAway();
    }
  }

  local.addStateless({ ending, interrupt: stop.now });
  return { id, model: name, follow, stop: () => stop.now("stopped"), ending };
}

const UNWANTED = new Error("The answer is not wanted any more");
