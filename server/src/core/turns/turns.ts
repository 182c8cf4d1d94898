import { type Conversation, titleFrom } from "../../domain/conversation.ts";
import { AppError, keyOfAnother, notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import { checkMessageText } from "../../domain/text.ts";
import { mayGenerateAgain, type TurnEnding } from "../../domain/turn.ts";
import type { Turnstile } from "../../ports/conversation-lock.ts";
import type { BegunTurn, RepeatedTurn } from "../../ports/store.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";
import type { Reservation } from "../access/budgets.ts";
import { knowsWhatWasSaid, waitForEarlierReplies } from "./earlier-replies.ts";
import { endReplaced } from "./end-replaced.ts";
import { endOf, following, watchedTurn } from "./follow.ts";
import { checkModel } from "./model-choice.ts";
import { readAhead } from "./read-ahead.ts";
import { type Asking, ask, generate } from "./reply.ts";
import { firstRunning, stopReplies } from "./running-replies.ts";
import { createStop, type Stop } from "./stop.ts";
import type { PreparedTurn, StartTurn, Turn, TurnParts, Turns } from "./turn.ts";
import {
  type EarlyAsking,
  guessAt,
  type Intent,
  isReplacing,
  isSame,
  promptOf,
} from "./turn-intent.ts";

export function createTurns(parts: TurnParts): Turns {
  const { store, log, lock, clock, newId } = parts;
  const running = new Map<
    string,
    { conversationId: string; ending: Promise<TurnEnding>; interrupt: Stop["now"] }
  >();
  const starting = new Set<Promise<unknown>>();
  const endingHere = (replyId: string) => running.get(replyId)?.ending;
  let isDraining = false;

  const turnOf = (
    owner: Owner,
    conversation: Conversation,
    userMessage: Message,
    replyId: string,
    ending: Promise<TurnEnding>,
  ): Turn => ({
    conversation,
    userMessage,
    replyId,
    ...following(parts, owner, { id: replyId, status: "streaming" }),
    ending,
    async cut(heardCharacters) {
      running.get(replyId)?.interrupt("heard");
      const { reply } = await ending;
      if (heardCharacters < reply.content.length)
        await store.truncateReply(owner, replyId, reply.content.slice(0, heardCharacters));
    },
  });

  const checkRequest = ({ content }: StartTurn): void => {
    checkMessageText(content, "content");
    if (isDraining)
      throw new AppError(
        "unavailable",
        "The server is shutting down; send this again in a moment",
        { retryAfterMs: 2000 },
      );
  };

  const intend = (owner: Speaker, request: StartTurn, reservation: Reservation): Intent => {
    const stop = createStop();
    const ids = { user: newId(), reply: newId() };
    const { content, model, temperature } = request;
    const question = { owner, userMessageId: ids.user, content, temperature, reservation };
    return {
      stop,
      ids,
      reservation,
      asking: (conversationId, chosen, stored) =>
        ask(
          parts,
          {
            ...question,
            conversationId,
            stored,
            agentId: chosen.agentId,
            model: model ?? chosen.model,
          },
          stop,
        ),
    };
  };

  async function prepare(owner: Speaker, request: StartTurn): Promise<PreparedTurn> {
    checkRequest(request);
    const guess = await guessAt(store, owner, request.target);
    await checkModel(parts, owner, request, guess);
    const reservation = await parts.budgets.reserve(owner, () =>
      promptOf(parts, owner, request, guess),
    );
    const intent = intend(owner, request, reservation);
    const ahead = readAhead(intent.asking(guess.stored?.id ?? null, guess, null));
    const asked = { about: guess, asking: ahead.asking };
    const discard = () => {
      intent.stop.now("superseded");
      asked.asking.discard();
      reservation.settle(null, "");
    };
    const commit = async () => {
      try {
        return await counted(start(owner, request, intent, asked));
      } catch (error) {
        discard();
        throw error;
      }
    };
    return { opening: ahead.opening, commit, discard };
  }

  async function begin(owner: Speaker, request: StartTurn): Promise<Turn> {
    checkRequest(request);
    let reservation: Reservation | null = null;
    try {
      reservation = await parts.budgets.reserve(owner, async () =>
        promptOf(parts, owner, request, await guessAt(store, owner, request.target)),
      );
      return await start(owner, request, intend(owner, request, reservation), null);
    } catch (error) {
      reservation?.settle(null, "");
      const isRefused = error instanceof AppError && error.code === "model_refused";
      if (reservation && !isRefused) throw error;
      // A repeat uses nothing, so that it needs neither budget nor model; unless the model is asked again.
      const found = request.idempotency && (await store.findRepeated(owner, request.idempotency));
      if (found && !(found.kind === "repeated" && mayGenerateAgain(found.reply)))
        return answerAgain(owner, request, found);
      throw error;
    }
  }

  async function start(
    owner: Speaker,
    request: StartTurn,
    intent: Intent,
    asked: EarlyAsking | null,
  ): Promise<Turn> {
    checkRequest(request);
    const guess = await guessAt(store, owner, request.target);
    await checkModel(parts, owner, request, guess);
    await endReplaced(parts, running, owner, request);
    const { stop, ids, asking } = intent;
    const modelName = parts.models.nameOf(request.model ?? guess.model);
    let turnstile: Turnstile = lock.enter(guess.id);
    let writer: TurnWriter = log.open({ replyId: ids.reply, conversationId: guess.id }, stop.now);
    // The model is not to see what is being replaced.
    let mayAskEarly = !request.idempotency && !isReplacing(request);
    let early: Asking | null = null;
    let isDecided = false;
    const askEarly = (isFirst: boolean) => {
      if (isDecided) return;
      isDecided = true;
      const isSure = isFirst && mayAskEarly;
      if (isSure && asked && isSame(asked.about, guess)) early = asked.asking;
      else asked?.asking.discard();
      if (isSure) early ??= asking(guess.stored?.id ?? null, guess, null);
    };
    const forgetEarly = () => {
      mayAskEarly = false;
      early?.discard();
      early = null;
    };
    const giveUp = () => {
      forgetEarly();
      stop.now("superseded");
      writer.discard();
      turnstile.leave();
      intent.reservation.settle(null, "");
    };
    let begun: BegunTurn;
    try {
      const storing = store.beginTurn(owner, {
        target: request.target,
        userMessage: { id: ids.user, content: request.content, createdAt: clock.now() },
        reply: { id: ids.reply, model: modelName },
        title: titleFrom(request.content),
        ...(request.idempotency ? { idempotency: request.idempotency } : {}),
      });
      if (typeof turnstile.isFirst === "boolean") askEarly(turnstile.isFirst);
      else void turnstile.isFirst.then(askEarly);
      begun = await storing;
    } catch (error) {
      giveUp();
      parts.pendingEndings.addBegun(owner, ids.reply, modelName, error);
      throw error;
    }
    if (begun.kind !== "begun") {
      giveUp();
      return answerAgain(owner, request, begun);
    }
    const { conversation, userMessage, reply, runningBefore } = begun;
    const isAsGuessed = conversation.id === guess.id && runningBefore === null;
    askEarly(isAsGuessed);
    if (!isAsGuessed) forgetEarly();
    if (conversation.id !== guess.id) {
      writer.discard();
      turnstile.leave();
      turnstile = lock.enter(conversation.id);
      writer = log.open({ replyId: reply.id, conversationId: conversation.id }, stop.now);
    }
    const observation = parts.observer.begin({
      replyId: reply.id,
      conversationId: conversation.id,
      origin: request.origin,
      model: reply.model ?? "",
    });
    const earlier = async (): Promise<void> => {
      if (runningBefore !== null)
        await waitForEarlierReplies(parts, owner, reply, runningBefore, endingHere, stop);
      else if (early && !(await knowsWhatWasSaid(parts, owner, userMessage, early))) forgetEarly();
    };
    const ending = generate(parts, {
      owner,
      reply,
      earlier: runningBefore === null && early === null ? null : earlier(),
      leave: turnstile.leave,
      writer,
      observation,
      stop,
      reservation: intent.reservation,
      ask: () => early ?? asking(conversation.id, conversation, userMessage),
    }).finally(() => running.delete(reply.id));
    running.set(reply.id, { conversationId: conversation.id, ending, interrupt: stop.now });
    return turnOf(owner, conversation, userMessage, reply.id, ending);
  }

  /** A turn that is on its way to the disk counts as running. */
  const counted = <Result>(begun: Promise<Result>): Promise<Result> => {
    const settled = begun.catch(() => {}).finally(() => starting.delete(settled));
    starting.add(settled);
    return begun;
  };

  /** @throws AppError not_found, conflict */
  function answerAgain(owner: Owner, request: StartTurn, found: RepeatedTurn): Turn {
    if (found.kind === "not_found")
      throw notFound(isReplacing(request) ? "message" : "conversation");
    if (found.kind === "conflict") throw keyOfAnother();
    const { conversation, userMessage, reply } = found;
    return turnOf(owner, conversation, userMessage, reply.id, endOf(parts, owner, reply));
  }

  return {
    start: (owner, request) => counted(begin(owner, request)),
    prepare,
    async watch(owner, conversationId, replyId) {
      if (!(await store.getConversation(owner, conversationId))) throw notFound("conversation");
      const known = replyId ?? (await firstRunning(parts, owner, conversationId));
      const turn = known
        ? await store.getTurn(owner, known)
        : await store.latestTurn(owner, conversationId);
      if (replyId && turn?.reply.conversationId !== conversationId) throw notFound("reply");
      return turn && watchedTurn(parts, owner, turn);
    },
    async watchReply(owner, replyId) {
      const turn = await store.getTurn(owner, replyId);
      if (!turn) throw notFound("reply");
      return watchedTurn(parts, owner, turn);
    },
    stop: (owner, conversationId, cause = "stopped", which = "all") =>
      stopReplies(parts, owner, conversationId, cause, which),
    async drain(timeoutMs) {
      isDraining = true;
      await Promise.all(starting);
      const timer = new AbortController();
      const all = () => Promise.allSettled([...running.values()].map((turn) => turn.ending));
      await Promise.race([all(), clock.sleep(timeoutMs, timer.signal).catch(() => {})]);
      timer.abort();
      for (const turn of running.values()) turn.interrupt("shutdown");
      await all();
    },
  };
}
