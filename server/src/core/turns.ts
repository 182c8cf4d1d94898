import type { Conversation } from "../domain/conversation.ts";
import { titleFrom } from "../domain/conversation.ts";
import { AppError, notFound } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";
import { checkMessageText } from "../domain/text.ts";
import { endingOf, type TurnEnding } from "../domain/turn.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { ConversationLock, Turnstile } from "../ports/conversation-lock.ts";
import type { TurnObserver } from "../ports/observer.ts";
import type {
  AgentStore,
  BegunTurn,
  ConversationStore,
  MessageStore,
  TurnStore,
  TurnTarget,
} from "../ports/store.ts";
import type { LiveEvent, TurnLog, TurnWriter } from "../ports/turn-log.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { Models } from "./models.ts";
import { type Asking, ask, createStop, generate } from "./reply.ts";

export type { TurnTarget } from "../ports/store.ts";

/** How long an ended reply can still be resumed. */
export const RESUMABLE_MS = 10 * 60_000;

export type StartTurn = {
  readonly target: TurnTarget;
  readonly content: string;
  /** As the client named it; null: the agent's, or the default. */
  readonly model: string | null;
  /** 0 to 2; null: the agent's, or the provider's default. */
  readonly temperature: number | null;
  /** The wire it came through, for metrics. */
  readonly origin: string;
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
};

/** A turn whose user message is on disk. */
export type Turn = {
  readonly conversation: Conversation;
  readonly userMessage: Message;
  readonly replyId: string;
  /** What comes after `position` (0: the whole reply), live or from the store. */
  follow(position: number, signal: AbortSignal): AsyncIterable<LiveEvent>;
  /** Resolves when the reply has ended and is on disk; never rejects for a reason of the model's. */
  readonly ending: Promise<TurnEnding>;
  /**
   * Stops this reply, and keeps of it only what its listener heard, marked `interrupted`; resolves
   * when that is on disk. Nothing changes once all of it was heard. @throws AppError unavailable
   */
  cut(heardCharacters: number): Promise<void>;
};

/** A reply that is asked for while it is not sure yet that its message will be sent. Nothing is stored. */
export type PreparedTurn = {
  /** Stores the message, as `start` does, and goes on with what was asked for. @throws as start */
  commit(): Promise<Turn>;
  /** Ends the request to the model. */
  discard(): void;
};

/** What a late watcher sees of a turn. */
export type WatchedTurn = Pick<Turn, "userMessage" | "replyId" | "follow">;

export type Turns = {
  /**
   * Stores the message and starts the reply, which goes on whoever watches.
   * @throws AppError invalid_request, not_found, conflict (idempotency key), unavailable
   */
  start(owner: Owner, request: StartTurn): Promise<Turn>;
  /** Asks the model for what `start` may be called with soon. @throws AppError invalid_request, not_found, unavailable */
  prepare(owner: Owner, request: StartTurn): Promise<PreparedTurn>;
  /**
   * The turn of that reply, or the conversation's latest. Null if there is none that runs or has
   * ended within RESUMABLE_MS. @throws AppError not_found
   */
  watch(owner: Owner, conversationId: string, replyId: string | null): Promise<WatchedTurn | null>;
  /** Stops the conversation's replies, running and waiting; what was said is kept. @throws AppError not_found */
  stop(owner: Owner, conversationId: string): Promise<boolean>;
  /** Refuses new turns, waits for those that run, and interrupts what is left after that time. */
  drain(timeoutMs: number): Promise<void>;
};

export type TurnParts = {
  readonly store: ConversationStore & MessageStore & TurnStore & AgentStore;
  readonly log: TurnLog;
  readonly lock: ConversationLock;
  readonly models: Models;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly observer: TurnObserver;
  readonly systemPrompt: string | null;
};

export function createTurns(parts: TurnParts): Turns {
  const { store, log, lock, clock, newId } = parts;
  const running = new Map<string, { ending: Promise<TurnEnding>; interrupt: () => void }>();
  let isDraining = false;

  /** The conversation as far as a look tells; the transaction that stores the message has the last word. */
  const lookUp = async (owner: Owner, target: TurnTarget): Promise<Guess> => {
    if (target.kind === "new")
      return { id: target.conversation.id, stored: null, agentId: target.conversation.agentId };
    if (target.kind === "existing") {
      const stored = await store.getConversation(owner, target.conversationId);
      if (!stored) throw notFound("conversation");
      return { id: stored.id, stored, agentId: stored.agentId };
    }
    const { alias, origin } = target.conversation;
    const found =
      target.kind === "alias"
        ? await store.findConversationByAlias(owner, alias ?? "")
        : await store.latestConversation(owner, origin);
    const stored =
      found && (target.kind === "alias" || found.updatedAt > target.usedAfter) ? found : null;
    return {
      id: stored?.id ?? target.conversation.id,
      stored,
      agentId: (stored ?? target.conversation).agentId,
    };
  };

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
    follow: (position, signal) => follow(parts, owner, replyId, position, signal),
    ending,
    async cut(heardCharacters) {
      running.get(replyId)?.interrupt();
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

  const intend = (owner: Owner, request: StartTurn): Intent => {
    const stop = createStop();
    const ids = { user: newId(), reply: newId() };
    const { content, model, temperature } = request;
    return {
      stop,
      ids,
      asking: (conversationId, agentId) =>
        ask(
          parts,
          { owner, conversationId, agentId, userMessageId: ids.user, content, model, temperature },
          stop,
        ),
    };
  };

  async function prepare(owner: Owner, request: StartTurn): Promise<PreparedTurn> {
    checkRequest(request);
    const intent = intend(owner, request);
    const guess = await lookUp(owner, request.target);
    const asked = { about: guess, asking: intent.asking(guess.stored?.id ?? null, guess.agentId) };
    const discard = () => {
      intent.stop.now();
      asked.asking.discard();
    };
    const commit = async () => {
      try {
        return await start(owner, request, intent, asked);
      } catch (error) {
        discard();
        throw error;
      }
    };
    return { commit, discard };
  }

  async function start(
    owner: Owner,
    request: StartTurn,
    intent = intend(owner, request),
    asked: EarlyAsking | null = null,
  ): Promise<Turn> {
    checkRequest(request);
    const guess = await lookUp(owner, request.target);
    const { stop, ids, asking } = intent;

    let turnstile: Turnstile = lock.enter(guess.id);
    let writer: TurnWriter = log.open({ replyId: ids.reply, conversationId: guess.id }, stop.now);
    const isSpeculative = turnstile.isFirst && !request.idempotency;
    let early: Asking | null = null;
    const giveUp = () => {
      stop.now();
      writer.discard();
      turnstile.leave();
    };
    let begun: BegunTurn;
    try {
      const storing = store.beginTurn(owner, {
        target: request.target,
        userMessage: { id: ids.user, content: request.content, createdAt: clock.now() },
        reply: { id: ids.reply, model: parts.models.nameOf(request.model) },
        title: titleFrom(request.content),
        ...(request.idempotency ? { idempotency: request.idempotency } : {}),
      });
      if (asked && (!isSpeculative || !isSame(asked.about, guess))) asked.asking.discard();
      else early = asked?.asking ?? null;
      if (isSpeculative) early ??= asking(guess.stored?.id ?? null, guess.agentId);
      begun = await storing;
    } catch (error) {
      giveUp();
      throw error;
    }
    if (begun.kind !== "begun") giveUp();
    if (begun.kind === "not_found") throw notFound("conversation");
    if (begun.kind === "conflict")
      throw new AppError(
        "conflict",
        "This Idempotency-Key was used for another request. Use a new key for a new message",
        { field: "Idempotency-Key" },
      );
    if (begun.kind === "repeated") return repeated(owner, begun);

    const { conversation, userMessage, reply } = begun;
    if (conversation.id !== guess.id) {
      early?.discard();
      early = null;
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
    const ending = generate(parts, {
      owner,
      reply,
      turnstile,
      writer,
      observation,
      stop,
      ask: () => early ?? asking(conversation.id, conversation.agentId),
    }).finally(() => running.delete(reply.id));
    running.set(reply.id, { ending, interrupt: stop.now });
    return turnOf(owner, conversation, userMessage, reply.id, ending);
  }

  const repeated = (
    owner: Owner,
    {
      conversation,
      userMessage,
      reply,
    }: { conversation: Conversation; userMessage: Message; reply: Message },
  ): Turn => turnOf(owner, conversation, userMessage, reply.id, endOf(parts, owner, reply));

  return {
    start: (owner, request) => start(owner, request),
    prepare,
    async watch(owner, conversationId, replyId) {
      if (!(await store.getConversation(owner, conversationId))) throw notFound("conversation");
      const turn = replyId
        ? await store.getTurn(owner, replyId)
        : await store.latestTurn(owner, conversationId);
      if (replyId && turn?.reply.conversationId !== conversationId) throw notFound("reply");
      if (!turn) return null;
      const { userMessage, reply } = turn;
      if (reply.finishedAt && clock.now().getTime() - reply.finishedAt.getTime() > RESUMABLE_MS)
        return null;
      return {
        userMessage,
        replyId: reply.id,
        follow: (position, signal) => follow(parts, owner, reply.id, position, signal),
      };
    },
    async stop(owner, conversationId) {
      if (!(await store.getConversation(owner, conversationId))) throw notFound("conversation");
      return log.stop(conversationId);
    },
    async drain(timeoutMs) {
      isDraining = true;
      const timer = new AbortController();
      const all = () => Promise.allSettled([...running.values()].map((turn) => turn.ending));
      await Promise.race([all(), clock.sleep(timeoutMs, timer.signal).catch(() => {})]);
      timer.abort();
      for (const turn of running.values()) turn.interrupt();
      await all();
    },
  };
}

type Guess = {
  readonly id: string;
  readonly stored: Conversation | null;
  readonly agentId: string | null;
};

/** What one turn is begun with: its ids, its way to be stopped, its question. */
type Intent = {
  readonly stop: ReturnType<typeof createStop>;
  readonly ids: { readonly user: string; readonly reply: string };
  readonly asking: (conversationId: string | null, agentId: string | null) => Asking;
};

type EarlyAsking = { readonly about: Guess; readonly asking: Asking };

/** Nothing was said or changed in the conversation since. */
const isSame = (before: Guess, now: Guess): boolean =>
  before.id === now.id &&
  before.agentId === now.agentId &&
  before.stored?.updatedAt.getTime() === now.stored?.updatedAt.getTime();

type FollowParts = Pick<TurnParts, "store" | "log">;

/** The live log while there is one; then, from the stored reply, what the log would have said. */
async function* follow(
  { store, log }: FollowParts,
  owner: Owner,
  replyId: string,
  position: number,
  signal: AbortSignal,
): AsyncIterable<LiveEvent> {
  const live = log.follow(replyId, position, signal);
  if (live) return yield* live;
  const turn = await store.getTurn(owner, replyId);
  if (!turn) throw notFound("reply");
  const { reply } = turn;
  if (position < reply.content.length)
    yield { type: "delta", position: reply.content.length, text: reply.content.slice(position) };
  const ending = endingOf(reply);
  if (!ending)
    throw new AppError(
      "unavailable",
      "This reply is being generated, but its live stream cannot be reached now. Try again in a moment",
      { retryAfterMs: 1000 },
    );
  if (position < ending.position) yield ending;
}

/** Waits for the ending of a turn that another request began. */
async function endOf(parts: FollowParts, owner: Owner, reply: Message): Promise<TurnEnding> {
  const ended = endingOf(reply);
  if (ended) return ended;
  for await (const event of follow(parts, owner, reply.id, 0, new AbortController().signal))
    if (event.type !== "delta") return event;
  throw notFound("reply");
}
