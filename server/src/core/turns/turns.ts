import { AppError, notFound } from "../../domain/errors.ts";
import { partsOf } from "../../domain/message.ts";
import type { Speaker } from "../../domain/principal.ts";
import { mayGenerateAgain } from "../../domain/turn.ts";
import type { Reservation } from "../access/budgets.ts";
import { askOnce } from "./ask.ts";
import { watchedTurn } from "./follow.ts";
import { createLocalTurns } from "./local-turns.ts";
import { checkModel } from "./model-choice.ts";
import { readAhead } from "./read-ahead.ts";
import { runningOn, stopReplies, stopReply } from "./running-replies.ts";
import type { StartParts } from "./start-parts.ts";
import { checkRequest, repeatedTurn, startTurn } from "./start-turn.ts";
import { takeOver } from "./take-over.ts";
import type { PreparedTurn, StartTurn, Turn, TurnParts, Turns } from "./turn.ts";
import { checkRecord, settle, withServerTools } from "./turn-input.ts";
import { guessAt, intend, promptOf } from "./turn-intent.ts";
import { waitingOf } from "./waiting-ending.ts";

export function createTurns(given: TurnParts): Turns {
  const local = createLocalTurns(given.clock);
  const parts: StartParts = { ...given, local };
  const { store } = parts;
  return {
    start: (owner, request) => local.starting(begin(parts, owner, request)),
    prepare: (owner, request) => prepare(parts, owner, request),
    ask: (owner, request) => local.starting(askOnce(parts, owner, request)),
    async watch(owner, conversationId, replyId, wanted) {
      const conversation = await store.getConversation(owner, conversationId);
      if (!conversation) throw notFound("conversation");
      const branch = wanted ?? conversation.activeBranch;
      const known = replyId ?? (await runningOn(parts, owner, conversationId, branch))[0];
      const turn = known
        ? await store.getTurn(owner, known)
        : await store.latestTurn(owner, conversationId, branch);
      if (replyId && turn?.reply.conversationId !== conversationId) throw notFound("reply");
      return turn && watchedTurn(parts, owner, turn);
    },
    async turnOf(owner, replyId) {
      const turn = await store.getTurn(owner, replyId);
      return turn && watchedTurn(parts, owner, turn, Number.POSITIVE_INFINITY);
    },
    async waitingFor(owner, replyId) {
      if (!(await store.replySteps(owner, replyId))?.isParked) return null;
      const turn = await store.getTurn(owner, replyId);
      return turn && waitingOf(parts, owner, turn.reply, partsOf(turn.reply));
    },
    lastKey: (owner, prefix, since) => store.lastKey(owner, prefix, since),
    async listed(owner, query) {
      const replies = await store.listTurns(owner, query);
      if (!replies) throw notFound("reply");
      return replies;
    },
    async updateRecord(owner, replyId, record) {
      checkRecord(record);
      if (!(await store.updateTurnRecord(owner, replyId, record))) throw notFound("reply");
    },
    async watchReply(owner, replyId) {
      const turn = await store.getTurn(owner, replyId);
      if (!turn) throw notFound("reply");
      return watchedTurn(parts, owner, turn);
    },
    stop: (owner, conversationId, cause = "stopped", which = "all", branch) =>
      stopReplies(parts, owner, conversationId, cause, which, branch),
    stopReply: (owner, replyId) => stopReply(parts, owner, replyId),
    takeOver(replies) {
      for (const reply of replies) void local.starting(takeOver(parts, reply));
    },
    goOn: (owner, replyId) => local.starting(takeOver(parts, { owner, replyId })),
    checkOpen: local.checkOpen,
    drain: local.drain,
  };
}

async function begin(parts: StartParts, owner: Speaker, asked: StartTurn): Promise<Turn> {
  const { store, budgets } = parts;
  const request = withServerTools(parts.tools, await settle(parts, owner, asked));
  checkRequest(parts, request);
  let reservation: Reservation | null = null;
  try {
    reservation = await budgets.reserve(owner, async () =>
      promptOf(parts, owner, request, await guessAt(store, owner, request.target)),
    );
    const intent = intend(parts, owner, request, reservation);
    return await startTurn(parts, owner, request, intent, null);
  } catch (error) {
    const settled = reservation?.settle(null, "");
    // A store that did not answer is not waited for a second time.
    if (!(error instanceof AppError && error.code === "unavailable")) await settled;
    const isRefused = error instanceof AppError && error.code === "model_refused";
    if (reservation && !isRefused) throw error;
    // A repeated request uses no tokens, so it needs neither a budget nor a model, unless the model is asked again.
    const found = request.idempotency && (await store.findRepeated(owner, request.idempotency));
    if (found && !(found.kind === "repeated" && mayGenerateAgain(found.reply)))
      return repeatedTurn(parts, owner, request, found);
    throw error;
  }
}

async function prepare(parts: StartParts, owner: Speaker, asked: StartTurn): Promise<PreparedTurn> {
  const request = withServerTools(parts.tools, await settle(parts, owner, asked));
  checkRequest(parts, request);
  const guess = await guessAt(parts.store, owner, request.target);
  await checkModel(parts, owner, request, guess);
  const reservation = await parts.budgets.reserve(owner, () =>
    promptOf(parts, owner, request, guess),
  );
  const intent = intend(parts, owner, request, reservation);
  const ahead = readAhead(intent.send(guess.stored?.id ?? null, guess, guess));
  const prepared = { about: guess, request: ahead.request };
  const discard = () => {
    intent.stop.now("superseded");
    prepared.request.discard();
    void reservation.settle(null, "");
  };
  const commit = async () => {
    try {
      return await parts.local.starting(startTurn(parts, owner, request, intent, prepared));
    } catch (error) {
      discard();
      throw error;
    }
  };
  return { opening: ahead.opening, commit, discard };
}
