import type { Client, Message, Reply } from "@colloquy/client";
import { wordsOf } from "../../words-of.ts";
import type { ThreadCache } from "../thread-cache.ts";
import { atNextFrame } from "./at-next-frame.ts";
import { type LiveReply, NEW, newKey, type SendEvents, type Sending, START } from "./live-reply.ts";

type Running = {
  key: string;
  snapshot: LiveReply;
  reply: Reply | null;
  retry: (() => void) | null;
  readonly onReplaced: SendEvents["onReplaced"] | null;
  readonly watching: AbortController;
};

export type LiveReplies = ReturnType<typeof createLiveReplies>;

/**
 * The replies that run now, whichever page of the app is shown: each is watched here until it ends,
 * and then its message is in the cache.
 */
export function createLiveReplies({
  client,
  cache,
  onTurn,
  onUnsent,
}: {
  readonly client: Client;
  readonly cache: ThreadCache;
  /** A message was stored here, or a reply ended: the other tabs and the list want to know. */
  readonly onTurn: (conversationId: string, step: "started" | "ended") => void;
  /**
   * At the end: this had not reached the server.
   * @param key the conversation's id, or NEW
   * @returns takes it back, should the end be none
   */
  readonly onUnsent: (key: string, text: string) => () => void;
}) {
  const running = new Map<string, Running>();
  const listeners = new Set<() => void>();
  const publish = () => {
    for (const listener of listeners) listener();
  };
  const publishSoon = atNextFrame(publish);

  const update = (entry: Running, change: Partial<LiveReply>, isUrgent = true) => {
    entry.snapshot = { ...entry.snapshot, ...change };
    if (isUrgent) publish();
    else publishSoon();
  };
  const remove = (entry: Running) => {
    if (running.get(entry.key) === entry) running.delete(entry.key);
    publish();
  };
  const begin = (
    key: string,
    snapshot: Partial<LiveReply>,
    onReplaced: Running["onReplaced"] = null,
  ): Running => {
    running.get(key)?.watching.abort();
    const entry: Running = {
      key,
      snapshot: { ...START, ...snapshot },
      reply: null,
      retry: null,
      onReplaced,
      watching: new AbortController(),
    };
    running.set(key, entry);
    publish();
    return entry;
  };

  /** What would be lost with it: words that are nowhere on the server. */
  const unsentIn = ({ key, snapshot }: Running): string | null => {
    const { phase, asked, replaces } = snapshot;
    if (phase !== "sending" && phase !== "not_sent") return null;
    const replaced = cache.read(key)?.messages.find(({ id }) => id === replaces);
    return asked === replaced?.content ? null : asked;
  };
  const giveBack = (): (() => void)[] =>
    [...running.values()].flatMap((entry) => {
      const text = unsentIn(entry);
      return text === null ? [] : onUnsent(entry.key, text);
    });
  // A page that is left may never come back, or come back as it was, with its messages still on their way.
  let takeBack: (() => void)[] = [];
  const onHide = () => {
    takeBack = giveBack();
  };
  const onShow = () => {
    for (const take of takeBack.splice(0)) take();
  };
  addEventListener("pagehide", onHide);
  addEventListener("pageshow", onShow);

  async function acceptMessage(entry: Running, userMessage: Message): Promise<void> {
    const { key, snapshot, onReplaced } = entry;
    const messages = cache.read(key)?.messages ?? [];
    const at = messages.findIndex(({ id }) => id === snapshot.replaces);
    const old = messages[at];
    await cache.accept(key, userMessage, snapshot.replaces);
    update(entry, { userMessage, replaces: null });
    const count = messages.length - 1 - at;
    if (!old || count === 0) return;
    const edited = old.content === userMessage.content ? null : userMessage.content;
    onReplaced?.({ conversationId: key, replacedBy: userMessage.id, count, edited });
  }

  async function follow(entry: Running, reply: Reply): Promise<void> {
    entry.reply = reply;
    update(entry, { phase: "replying", problem: null });
    try {
      for await (const event of reply)
        switch (event.type) {
          case "conversation_created":
            cache.begin(event.data.conversationId, event.data.userMessage);
            update(entry, { userMessage: event.data.userMessage });
            break;
          case "user_message":
            await acceptMessage(entry, event.data);
            break;
          case "ai_chunk":
            update(entry, { text: entry.snapshot.text + event.data, isReconnecting: false }, false);
            break;
          case "reconnecting":
            update(entry, { isReconnecting: true });
            break;
          case "resumed":
            update(entry, { isReconnecting: false });
            break;
          case "ai_complete":
            await cache.answer(entry.key, entry.snapshot.userMessage?.id ?? null, event.data);
            break;
          case "error":
            await cache.refresh(entry.key);
            break;
        }
      remove(entry);
      onTurn(entry.key, "ended");
    } catch (error) {
      if (entry.watching.signal.aborted) return;
      entry.retry = () => void rejoin(entry);
      update(entry, { phase: "lost", isReconnecting: false, problem: wordsOf(error) });
    }
  }

  async function stop(entry: Running): Promise<void> {
    update(entry, { isStopping: true, problem: null });
    if (entry.snapshot.phase === "sending") return;
    try {
      const isStopped = await client.messages.stop(entry.key);
      if (!isStopped) update(entry, { isStopping: false });
    } catch (error) {
      update(entry, { isStopping: false, problem: wordsOf(error) });
    }
  }

  /** After the SDK has given up on a connection: from the last event on. */
  async function rejoin(entry: Running): Promise<void> {
    update(entry, { phase: "replying", isReconnecting: true, problem: null });
    try {
      const after = entry.reply?.lastEventId ?? undefined;
      const options = { after, notices: true, signal: entry.watching.signal };
      const reply = await client.messages.watch(entry.key, options);
      update(entry, { isReconnecting: false });
      if (reply) return await follow(entry, reply);
      await cache.refresh(entry.key);
      remove(entry);
    } catch (error) {
      update(entry, { phase: "lost", isReconnecting: false, problem: wordsOf(error) });
    }
  }

  return {
    get: (key: string): LiveReply | null => running.get(key)?.snapshot ?? null,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** The words there that have not reached the server: the next message would take their place. */
    unsent(key: string): string | null {
      const entry = running.get(key);
      return entry ? unsentIn(entry) : null;
    },

    async send(key: string, sending: Sending, { onStored, onReplaced }: SendEvents) {
      const { content, model, agentId, replaces } = sending;
      const entry = begin(key, { asked: content, replaces }, onReplaced);
      const options = {
        idempotencyKey: newKey(),
        notices: true,
        signal: entry.watching.signal,
      };
      const attempt = async (): Promise<void> => {
        update(entry, { phase: "sending", problem: null });
        try {
          const asked = { content, ...(model && { model }) };
          const reply =
            key === NEW
              ? await client.conversations.start(
                  { ...asked, keep_model: true, ...(agentId && { agent_id: agentId }) },
                  options,
                )
              : await client.messages.stream(
                  key,
                  { ...asked, ...(replaces && { replace_from: replaces }) },
                  options,
                );
          const { conversationId } = reply;
          if (running.get(key) === entry) running.delete(key);
          entry.key = conversationId;
          running.set(conversationId, entry);
          if (key === NEW && reply.userMessage) cache.begin(conversationId, reply.userMessage);
          onTurn(conversationId, "started");
          onStored(conversationId);
          const following = follow(entry, reply);
          if (entry.snapshot.isStopping) void stop(entry);
          await following;
        } catch (error) {
          if (entry.watching.signal.aborted) return;
          entry.retry = () => void attempt();
          update(entry, { phase: "not_sent", isStopping: false, problem: wordsOf(error) });
        }
      };
      await attempt();
    },

    /** Goes along with a reply that another page started, or this one before a reload. */
    async watch(conversationId: string): Promise<void> {
      if (running.has(conversationId)) return;
      const watching = new AbortController();
      const options = { notices: true, signal: watching.signal };
      const reply = await client.messages.watch(conversationId, options).catch(() => null);
      if (!reply) return;
      if (running.has(conversationId)) return watching.abort();
      const entry = begin(conversationId, { phase: "replying" });
      entry.watching.signal.addEventListener("abort", () => watching.abort());
      await follow(entry, reply);
    },

    async stop(key: string): Promise<void> {
      const entry = running.get(key);
      if (entry) await stop(entry);
    },

    /** Brings back what a message took the place of. @throws ColloquyError */
    async undoReplacing(conversationId: string, replacedBy: string): Promise<void> {
      const entry = running.get(conversationId);
      if (entry?.snapshot.userMessage?.id === replacedBy) {
        entry.watching.abort();
        remove(entry);
      }
      try {
        await client.messages.restore(conversationId, replacedBy);
      } finally {
        await cache.refresh(conversationId);
      }
      onTurn(conversationId, "ended");
    },

    retry: (key: string): void => running.get(key)?.retry?.(),

    /** Forgets a message that was not sent. */
    discard(key: string): void {
      const entry = running.get(key);
      if (entry) remove(entry);
    },

    close(): void {
      removeEventListener("pagehide", onHide);
      removeEventListener("pageshow", onShow);
      giveBack();
      for (const { watching } of running.values()) watching.abort();
      running.clear();
    },
  };
}
