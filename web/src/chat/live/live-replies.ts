import type { Client, Message, Reply } from "@colloquy/client";
import { wordsOf } from "../../words-of.ts";
import type { ThreadCache } from "../thread-cache.ts";
import { grown } from "./growing.ts";
import { isUnsent, keepUnsent } from "./leaving.ts";
import { createLines, isAnswered, nextWaiting, type Running, unsentOf } from "./lines.ts";
import {
  NEW,
  newKey,
  type SendEvents,
  type Sending,
  SHOWN,
  START,
  type Unsent,
} from "./live-reply.ts";
import { post } from "./post.ts";

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
  /** A message was stored here, a reply ended, or asks something or no more: others want to know. */
  readonly onTurn: (conversationId: string, step: "started" | "asked" | "ended") => void;
  /**
   * At the end: this had not reached the server.
   * @param key the conversation's id, or NEW
   * @returns takes it back, should the end be none
   */
  readonly onUnsent: (key: string, text: string) => () => void;
}) {
  const lines = createLines((key) => onTurn(key, "asked"));
  const { update, remove } = lines;

  const leaving = keepUnsent(lines, cache, onUnsent);

  async function acceptMessage(
    entry: Running,
    userMessage: Message,
    branch: number,
  ): Promise<void> {
    const { key, snapshot } = entry;
    // Another tab may begin a branch of its own at the same time.
    if (snapshot.replaces) cache.stayOn(key, branch);
    await cache.accept(key, userMessage, snapshot.replaces);
    update(entry, { userMessage, branch, replaces: null });
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
            await acceptMessage(entry, event.data, event.branch ?? 0);
            break;
          case "ai_chunk":
          case "ai_part":
            update(entry, grown(entry.snapshot, event), false);
            break;
          case "reconnecting":
            update(entry, { isReconnecting: true });
            break;
          case "resumed":
            update(entry, { isReconnecting: false });
            break;
          case "ai_waiting":
            return update(entry, { phase: "waiting", questions: event.data.questions ?? [] });
          case "ai_complete":
            await cache.answer(entry.key, entry.snapshot.userMessage?.id ?? null, event.data);
            break;
          case "error":
            await cache.refresh(entry.key);
            break;
        }
      onTurn(entry.key, "ended");
      // What versions there are is known to the server.
      if (entry.sending?.replaces) void cache.refresh(entry.key);
      const { messages } = cache.read(entry.key) ?? {};
      const next = nextWaiting(messages, entry.snapshot.userMessage);
      if (!next) return remove(entry);
      entry.reply = null;
      update(entry, { ...START, id: newKey(), phase: "replying", userMessage: next });
      await join(entry);
    } catch (error) {
      if (entry.watching.signal.aborted) return;
      update(entry, { phase: "lost", isReconnecting: false, problem: wordsOf(error) });
    }
  }

  async function stop(entry: Running): Promise<void> {
    update(entry, { isStopping: true, problem: null });
    if (entry.snapshot.phase === "sending") return;
    try {
      const branch = entry.snapshot.branch ?? cache.chosenBranch(entry.key);
      const isStopped = await client.messages.stop(entry.key, { keepWaiting: true, branch });
      if (entry.snapshot.phase === "waiting") {
        await cache.refresh(entry.key);
        return remove(entry);
      }
      if (!isStopped) update(entry, { isStopping: false });
    } catch (error) {
      update(entry, { isStopping: false, problem: wordsOf(error) });
    }
  }

  /** Watches the reply that runs, from the last event on that was seen of it. */
  async function join(entry: Running): Promise<void> {
    try {
      const after = entry.reply?.lastEventId ?? undefined;
      const branch = cache.chosenBranch(entry.key);
      const options = { after, branch, ...SHOWN, signal: entry.watching.signal };
      const reply = await client.messages.watch(entry.key, options);
      if (!reply) {
        await cache.refresh(entry.key);
        return remove(entry);
      }
      update(entry, { isReconnecting: false });
      const expected = entry.snapshot.userMessage?.id;
      // What came between was answered before it could be watched.
      if (reply.userMessage && expected && reply.userMessage.id !== expected) {
        await cache.refresh(entry.key);
        if (isAnswered(cache.read(entry.key)?.messages, reply.userMessage)) {
          entry.watching.abort();
          return remove(entry);
        }
      }
      await follow(entry, reply);
    } catch (error) {
      if (entry.watching.signal.aborted) return;
      update(entry, { phase: "lost", isReconnecting: false, problem: wordsOf(error) });
    }
  }

  /** After the SDK has given up on a connection. */
  async function rejoin(entry: Running): Promise<void> {
    update(entry, { phase: "replying", isReconnecting: true, problem: null });
    await join(entry);
  }

  /** Once it is stored: its reply, or that of an earlier message, for which it waits. */
  async function takeUp(entry: Running, reply: Reply): Promise<void> {
    const { conversationId, userMessage } = reply;
    const isNew = entry.key === NEW;
    if (isNew) lines.move(NEW, conversationId);
    if (isNew && userMessage) cache.begin(conversationId, userMessage);
    const last = cache.read(conversationId)?.messages.at(-1);
    const isWaiting =
      lines.first(conversationId) !== entry ||
      (!isNew && !entry.snapshot.replaces && last?.role === "user" && last.id !== userMessage?.id);
    if (!isWaiting || !userMessage) {
      const following = follow(entry, reply);
      if (entry.snapshot.isStopping) void stop(entry);
      return following;
    }
    // A browser has few connections to a server: one is for the reply that runs, none for those that wait.
    await reply[Symbol.asyncIterator]().return?.();
    await cache.accept(conversationId, userMessage, null);
    if (entry.snapshot.isStopping) void stop(entry);
    remove(entry);
    await watch(conversationId);
  }

  /** Sends it, after those before it: they are answered in the order in which they are stored. */
  async function attempt(entry: Running): Promise<void> {
    update(entry, { phase: "sending", problem: null });
    const line = lines.of(entry.key);
    const before = line[line.indexOf(entry) - 1];
    const stored = Promise.withResolvers<boolean>();
    entry.storing = stored.promise;
    let reply: Reply;
    try {
      if (before && isUnsent(before) && !(await before.storing)) {
        stored.resolve(false);
        return update(entry, { phase: "not_sent", problem: before.snapshot.problem });
      }
      entry.watching.signal.throwIfAborted();
      reply = await post(client, entry, cache.chosenBranch(entry.key));
    } catch (error) {
      stored.resolve(false);
      if (entry.watching.signal.aborted) return;
      return update(entry, { phase: "not_sent", isStopping: false, problem: wordsOf(error) });
    }
    const { conversationId, userMessage, branch } = reply;
    const questionId = userMessage?.id ?? null;
    const taken = takeUp(entry, reply);
    stored.resolve(true);
    onTurn(conversationId, "started");
    entry.events?.onStored({ conversationId, questionId, branch: branch ?? 0 });
    await taken;
  }

  /** Goes along with a reply that another page started, this one before a reload, or that was waited for. */
  async function watch(conversationId: string): Promise<void> {
    if (lines.first(conversationId)) return;
    const watching = new AbortController();
    const branch = cache.chosenBranch(conversationId);
    const options = { ...SHOWN, branch, signal: watching.signal };
    const reply = await client.messages.watch(conversationId, options).catch(() => null);
    if (!reply) return;
    if (cache.chosenBranch(conversationId) !== branch) return watching.abort();
    const { userMessage } = reply;
    const { messages } = cache.read(conversationId) ?? {};
    if (lines.first(conversationId) || isAnswered(messages, userMessage)) return watching.abort();
    const entry = lines.add(conversationId, { phase: "replying", userMessage });
    entry.watching.signal.addEventListener("abort", () => watching.abort());
    await follow(entry, reply);
  }

  return {
    get: lines.get,

    /** Somebody has decided about a call of the reply that waits. */
    decided(key: string): void {
      const entry = lines.first(key);
      if (entry?.snapshot.phase !== "waiting") return;
      update(entry, { phase: "replying", questions: [], problem: null });
      void join(entry);
    },

    /** Takes away a reply that waited, where it has ended since. */
    settle(key: string): void {
      const entry = lines.first(key);
      if (entry?.snapshot.phase !== "waiting") return;
      if (isAnswered(cache.read(key)?.messages, entry.snapshot.userMessage)) remove(entry);
    },

    behind: lines.behind,
    subscribe: lines.subscribe,
    watch,

    /**
     * Takes away what has not reached the server and in whose place the next message comes.
     * @param isReplacing whether another branch is shown from now on: what runs on this one is watched no longer
     * @returns its words and files
     */
    takeUnsent(key: string, isReplacing: boolean): Unsent | null {
      const taken = lines
        .of(key)
        .filter(
          ({ snapshot: { phase } }) => isReplacing || (phase !== "sending" && phase !== "replying"),
        );
      const unsent = unsentOf(taken.filter(leaving.isLoss));
      for (const entry of taken) {
        entry.watching.abort();
        remove(entry);
      }
      return unsent;
    },

    /** At once where nothing runs; else it waits for its turn. Call `takeUnsent` before. */
    send(key: string, sending: Sending, events: SendEvents): Promise<void> {
      const { content: asked, files, replaces } = sending;
      const first = lines.first(key);
      // The message ends it.
      if (first?.snapshot.phase === "waiting") remove(first);
      return attempt(lines.add(key, { asked, files, replaces }, sending, events));
    },

    async stop(key: string): Promise<void> {
      const entry = lines.first(key);
      if (entry) await stop(entry);
    },

    /** Sends what was not sent, in order, or goes back to a reply that was lost. */
    retry(key: string): void {
      for (const entry of lines.of(key))
        if (entry.snapshot.phase === "not_sent") void attempt(entry);
        else if (entry.snapshot.phase === "lost") void rejoin(entry);
    },

    /** Forgets a message that was not sent. */
    discard(key: string, id: string): void {
      const entry = lines.of(key).find(({ snapshot }) => snapshot.id === id);
      if (entry) remove(entry);
    },

    close(): void {
      leaving.close();
      for (const { watching } of lines.all().flat()) watching.abort();
      lines.clear();
    },
  };
}
