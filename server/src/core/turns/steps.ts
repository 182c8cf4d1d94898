import { idAmong } from "../../domain/call-id.ts";
import { AppError } from "../../domain/errors.ts";
import type { Message, Usage } from "../../domain/message.ts";
import { CLIENT_TOOLS, type Part, textIn, textOf } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { ToolQuestion } from "../../domain/tool-question.ts";
import type { ModelPart } from "../../ports/model.ts";
import type { TurnObservation } from "../../ports/observer.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";
import type { Reservation } from "../access/budgets.ts";
import { makeCalls } from "../tools/calls.ts";
import { NO_SOURCE, permissionOf } from "../tools/permissions.ts";
import { type ToolCall, unanswered } from "../tools/results.ts";
import { type CallState, sumOf, toStored } from "../tools/step-state.ts";
import type { Checkpoint } from "./checkpoints.ts";
import type { OpenRequest } from "./model-request.ts";
import { createReplyWindow } from "./reply-window.ts";
import type { StepsOfReply } from "./steps-of-reply.ts";
import type { TurnParts } from "./turn.ts";

/** The last answer is asked for without tools. */
const MAX_STEPS = 25;
/** Of all steps of a reply. */
const MAX_CALLS = 128;
const STORE_RETRY_MS = 250;
const STORE_PATIENCE_MS = 10_000;
/** Between what was said before a call and what is said after it. */
const PARAGRAPH = "\n\n";

/** The reply is another server's by now, or is gone. Whatever this server does with it counts for nothing. */
export class LostReply extends Error {}

/** The steps of one reply while it is generated. */
export type Steps = {
  /** The part that a call begins with. */
  callPart(call: Extract<ModelPart, { type: "tool_call" }>): ToolCall;
  /** Must resolve before anything of an answer is shown; null: it may be. @throws LostReply, AppError unavailable */
  beforeWords(): Promise<void> | null;
  /** What goes before the first words of an answer. */
  opening(): string;
  /**
   * Makes the calls of the answer that has ended, and asks the model again. Null: there were none. `parked`: the others
   * wait for a decision, and the reply is no server's.
   * @param usage of that answer @throws LostReply, AppError, and anything where the reply is to end
   */
  next(usage: Usage | null): Promise<OpenRequest | "parked" | null>;
  /** The same for a reply that was taken over. */
  goOn(): Promise<OpenRequest | "parked">;
  /** Of all steps with that of the answer that has ended last. */
  total(usage: Usage | null): Usage | null;
  /** Settles what the last step used, and answers the calls that have no result. */
  close(usage: Usage | null): Promise<void>;
  /** Gives back what is reserved for a step of a reply that is no longer this server's. */
  release(): Promise<void>;
};

type Given = StepsOfReply & {
  readonly owner: Owner;
  readonly reply: Message;
  readonly writer: TurnWriter;
  readonly checkpoint: Checkpoint;
  readonly observation: TurnObservation;
  /** Of the first step. */
  readonly reservation: Reservation;
  readonly signal: AbortSignal;
};

export function createSteps(
  {
    store,
    clock,
    models,
    toolWaitMs,
    noteCall,
  }: Pick<TurnParts, "store" | "clock" | "models" | "toolWaitMs" | "noteCall">,
  { tools, asked, epoch, begun, hasFiles, ask, owner, reply, writer, ...given }: Given,
): Steps {
  const { checkpoint, signal } = given;
  const states = new Map<string, CallState>(
    begun?.calls.map((state) => [state.callId, state] as const),
  );
  let { reservation } = given;
  let step = begun?.step ?? 0;
  let callCount = begun?.callCount ?? 0;
  let isSpeaking = false;
  let hasOpened = false;
  let usage: Usage | null = begun?.usage ?? null;
  /** Resolves when the results that came last are stored and shown. */
  let keeping: Promise<void> = Promise.resolve();
  /** How many parts there were before the present answer. */
  let firstPart = writer.reply.count;
  const callIds = new Set(
    writer.reply.parts().flatMap((part) => (part.type === "tool_call" ? part.callId : [])),
  );
  const window = createReplyWindow(
    { store, models },
    { owner, reply, asked, begun, said: writer.reply.parts() },
  );

  /** Tries again for a while where the store does not answer. */
  const insist = async <Result>(attempt: () => Promise<Result>): Promise<Result> => {
    let patience: AbortSignal | null = null;
    for (;;)
      try {
        return await attempt();
      } catch (problem) {
        patience ??= AbortSignal.timeout(STORE_PATIENCE_MS);
        if (problem instanceof LostReply || patience.aborted || signal.aborted) throw problem;
        await clock.sleep(STORE_RETRY_MS);
      }
  };

  const note = async (
    calls: readonly CallState[],
    speaking: boolean,
    results: readonly Part[],
    questions?: readonly ToolQuestion[],
  ): Promise<void> => {
    const contextTokens = window.tokens;
    const state = { step, calls, callCount, isSpeaking: speaking, usage, contextTokens, asked };
    const steps = { epoch, state: toStored(state) };
    await insist(async () => {
      const isNoted = await checkpoint.note(results, (addition) =>
        store.noteSteps(owner, reply.id, steps, addition, questions),
      );
      if (!isNoted) throw new LostReply();
    });
    isSpeaking = speaking;
  };

  const park = (waiting: readonly string[]): Promise<"parked" | "decided"> =>
    insist(async () => {
      const parked = await store.parkReply(owner, reply.id, { epoch, waiting, at: clock.now() });
      if (parked === "lost") throw new LostReply();
      // It was about to end at that moment, so what was released is taken back.
      if (parked === "parked" && signal.aborted && (await store.takeParked(owner, reply.id)))
        throw new Error("The reply is to end");
      return parked;
    });

  /** Stores the last results of a step, and shows them then. */
  const keep = async (results: readonly Part[]): Promise<void> => {
    if (results.length > 0) await note([...states.values()], false, results);
    for (const result of results) writer.add(result);
    firstPart = writer.reply.count;
  };

  /**
   * Asks the model while the last results are on their way to the disk: nothing of its answer is shown before they are.
   * @throws also where the reply was stopped meanwhile, or is too late
   */
  const askAgain = async (made: readonly Part[] | "parked"): Promise<OpenRequest | "parked"> => {
    if (made === "parked") return made;
    const said = [...writer.reply.parts(), ...made];
    // The note of the last answer is not that of the next one, which may begin before the results are stored.
    isSpeaking = false;
    keeping = keep(made);
    keeping.catch(() => {});
    try {
      if (signal.aborted) throw new Error("The reply is to end");
      const next = await ask(said, step >= MAX_STEPS - 1 || callCount >= MAX_CALLS);
      reservation = next.reservation;
      hasOpened = false;
      return next.request;
    } catch (problem) {
      await keeping;
      throw problem;
    }
  };

  const make = async (calls: readonly ToolCall[], noted: readonly CallState[]) => {
    await insist(() => window.look());
    const { room, readBefore } = window;
    return makeCalls(
      {
        ...{ tools, clock, owner, calls, noted, room, signal },
        conversationId: reply.conversationId,
        replyId: reply.id,
        within: asked.within ?? [],
        wordCount: textOf(writer.reply.parts()).length,
        waitMs: toolWaitMs,
        canAsk: asked.canAsk ?? false,
        permission: (tool) =>
          insist(() =>
            permissionOf(
              { store, tools },
              {
                ...{ owner, conversationId: reply.conversationId, readBefore },
                ...{ agentId: asked.agentId, canAsk: asked.canAsk ?? false },
                mayRemember: asked.mayRemember ?? false,
                alwaysAsks: asked.chosenTools?.asking.includes(tool.name) ?? false,
                said: writer.reply.parts(),
                isUntrusted: hasFiles || (reply.turn?.isUntrusted ?? false),
              },
              tool,
            ),
          ),
        questions: () => insist(() => store.questionsOf(owner, reply.id)),
        note: (now, results, questions) => note(now, false, results, questions),
        watch(call) {
          const observed = given.observation.called?.(call);
          return {
            ended(outcome) {
              observed?.ended(outcome);
              noteCall({ ...call, owner, actor: `reply ${reply.id}`, outcome });
            },
          };
        },
        park,
        show(results) {
          for (const result of results) writer.add(result);
        },
      },
      states,
    );
  };

  return {
    callPart({ callId, name, text }) {
      const id = idAmong(callIds, callId);
      callIds.add(id);
      const ofServer = tools.find(name)?.source ?? NO_SOURCE;
      const source = tools.isOfClient(name) ? CLIENT_TOOLS : ofServer;
      return { type: "tool_call", callId: id, source, name, arguments: text };
    },
    beforeWords() {
      if (step === 0 || isSpeaking) return null;
      return keeping.then(() => note([...states.values()], true, []));
    },
    opening() {
      if (step === 0 || hasOpened) return "";
      hasOpened = true;
      return /(?:^|\n)$/u.test(textOf(writer.reply.parts())) ? "" : PARAGRAPH;
    },
    async next(used) {
      await keeping;
      const said = writer.reply.parts().slice(firstPart);
      const calls = said.filter((part) => part.type === "tool_call");
      if (calls.length === 0) return null;
      if (step >= MAX_STEPS - 1) throw tooManySteps();
      await reservation.settle(used, said.map(textIn).join(""));
      usage = step === 0 ? used : sumOf(usage, used);
      step++;
      callCount += calls.length;
      states.clear();
      return askAgain(await make(calls, []));
    },
    async goOn() {
      const noted = [...states.values()];
      const known = new Set(noted.map(({ callId }) => callId));
      const calls = writer.reply
        .parts()
        .filter((part) => part.type === "tool_call")
        .filter(({ callId }) => known.has(callId));
      return askAgain(await make(calls, noted));
    },
    total: (used) => (step === 0 ? used : sumOf(usage, used)),
    async close(used) {
      await keeping.catch(() => {});
      const parts = writer.reply.parts();
      const settled = reservation.settle(used, parts.slice(firstPart).map(textIn).join(""));
      for (const result of unanswered(parts, states)) writer.add(result);
      await settled;
    },
    async release() {
      await reservation.settle(null, "");
    },
  };
}

const tooManySteps = (): AppError =>
  new AppError(
    "model_failed",
    `The model asked for tools ${MAX_STEPS} times without coming to an answer. Ask for less at a time, or choose another model`,
  );
