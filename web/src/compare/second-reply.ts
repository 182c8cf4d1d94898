import { type Client, ColloquyError, type Message, type Reply } from "@colloquy/client";
import { atNextFrame } from "../chat/live/at-next-frame.ts";
import { grown } from "../chat/live/growing.ts";
import { type LiveReply, SHOWN, START } from "../chat/live/live-reply.ts";
import { wordsOf } from "../words-of.ts";
import type { Comparison } from "./comparison.ts";

/** The second answer: as far as it has come, or as it is stored. */
export type SecondReply =
  | { readonly live: LiveReply; readonly message: null }
  | { readonly live: null; readonly message: Message };

export type FollowedSecond = ReturnType<typeof followSecond>;

/** The question and what follows it, where the other branch was continued elsewhere. */
const MAX_LISTED = 20;

/**
 * Asks for the second answer, once however often it is called, and watches it to its end; after a reload it
 * goes on with what was asked for then.
 */
export function followSecond({
  client,
  conversationId,
  comparison: { questionId, models, key, otherBranch },
  onBranch,
  onChange,
  onTurn,
  onGone,
}: {
  readonly client: Client;
  readonly conversationId: string;
  readonly comparison: Comparison;
  readonly onBranch: (branch: number) => void;
  readonly onChange: (second: SecondReply) => void;
  /** It was stored, or has ended: others want to know. */
  readonly onTurn: () => void;
  /** There is no such question or branch any more. */
  readonly onGone: () => void;
}) {
  const watching = new AbortController();
  const { signal } = watching;
  let live: LiveReply = { ...START, id: key, branch: otherBranch };
  let reply: Reply | null = null;
  let isOver = false;
  const show = () => {
    if (!isOver && !signal.aborted) onChange({ live, message: null });
  };
  const showSoon = atNextFrame(show);
  const update = (change: Partial<LiveReply>, isUrgent = true) => {
    live = { ...live, ...change };
    if (isUrgent) show();
    else showSoon();
  };
  const end = (message: Message) => {
    isOver = true;
    if (!signal.aborted) onChange({ live: null, message });
  };

  /** Null while it runs. @throws ColloquyError NOT_FOUND where the question is not on that branch */
  async function stored(branch: number): Promise<Message | null> {
    const query = { branch, limit: MAX_LISTED };
    const messages = await client.messages.list(conversationId, query, { parts: "steps", signal });
    const at = messages.findIndex(({ id }) => id === questionId);
    if (at < 0) throw new ColloquyError("Message not found", { code: "NOT_FOUND", status: 404 });
    const next = messages[at + 1];
    return next?.role === "assistant" ? next : null;
  }

  async function ask(): Promise<Reply> {
    const asked = { answer_again: questionId, model: models[1], steps: true };
    const options = { idempotencyKey: key, ...SHOWN, signal };
    const begun = await client.messages.stream(conversationId, asked, options);
    const branch = begun.branch ?? 0;
    update({ branch });
    onBranch(branch);
    onTurn();
    if (live.isStopping) void stop();
    return begun;
  }

  /** The reply that runs; null where it has ended, and is shown. */
  async function open(): Promise<Reply | null> {
    const { branch } = live;
    if (branch === null) return ask();
    for (;;) {
      const ended = await stored(branch);
      if (ended) {
        end(ended);
        return null;
      }
      const after = reply?.lastEventId ?? undefined;
      const watched = await client.messages.watch(conversationId, {
        ...{ after, branch, ...SHOWN, signal },
      });
      if (!watched) {
        const late = await stored(branch);
        if (!late) throw new ColloquyError("", { code: "NOT_FOUND", status: 404 });
        end(late);
        return null;
      }
      if (!watched.userMessage || watched.userMessage.id === questionId) return watched;
      // An earlier reply of the conversation, for which this one waits.
      await watched.message().catch(() => {});
      signal.throwIfAborted();
    }
  }

  async function follow(): Promise<void> {
    try {
      reply = await open();
      if (!reply) return;
      update({ phase: "replying", problem: null, isReconnecting: false });
      for await (const event of reply)
        switch (event.type) {
          case "user_message":
            update({ userMessage: event.data });
            break;
          case "ai_chunk":
          case "ai_part":
            update(grown(live, event), false);
            break;
          case "reconnecting":
            update({ isReconnecting: true });
            break;
          case "resumed":
            update({ isReconnecting: false });
            break;
          case "ai_waiting":
            return update({ phase: "waiting", questions: event.data.questions ?? [] });
          case "ai_complete":
            end(event.data);
            return onTurn();
          case "error": {
            const failed = await stored(live.branch ?? 0);
            if (failed) end(failed);
            else update({ phase: "lost", problem: event.data.message });
            return onTurn();
          }
        }
    } catch (error) {
      if (signal.aborted) return;
      const isStored = live.branch !== null;
      if (isStored && error instanceof ColloquyError && GONE.has(error.status)) return onGone();
      const phase = isStored ? "lost" : "not_sent";
      update({ phase, isReconnecting: false, isStopping: false, problem: wordsOf(error) });
    }
  }

  async function stop(): Promise<void> {
    if (isOver || live.phase === "not_sent") return;
    update({ isStopping: true, problem: null });
    const { branch } = live;
    // The request is on its way: the reply is stopped as soon as there is one.
    if (branch === null) return;
    try {
      const isStopped = await client.messages.stop(conversationId, { keepWaiting: true, branch });
      if (live.phase === "waiting") void follow();
      else if (!isStopped) update({ isStopping: false });
    } catch (error) {
      update({ isStopping: false, problem: wordsOf(error) });
    }
  }

  show();
  void follow();
  return {
    /** Sends what was not sent, goes back to a reply that was lost, and goes on after a decision. */
    again(): void {
      update({ phase: "replying", questions: [], problem: null });
      void follow();
    },

    stop,

    close: () => watching.abort(),
  };
}

/** The branch, the question or the conversation is not there. */
const GONE: ReadonlySet<number | null> = new Set([400, 404]);
