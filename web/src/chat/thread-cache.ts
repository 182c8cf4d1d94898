import type { Client, Conversation, Message } from "@colloquy/client";
import type { QueryClient } from "@tanstack/react-query";

/** What the page knows of a conversation's messages: the last ones without a gap, oldest first. */
export type Thread = {
  readonly messages: readonly Message[];
  /** Whether there are messages before these. */
  readonly hasOlder: boolean;
};

/** A message with all of its parts. */
export const partsKey = (messageId: string) => ["parts", messageId] as const;

/** Of most parts only what is seen at first is loaded. */
const LISTED = { parts: "steps" } as const;
const NEWEST_MESSAGES = 60;
const OLDER_MESSAGES = 200;
/** The wire's most. */
const MESSAGES_AT_ONCE = 1000;

export const threadKey = (conversationId: string) => ["messages", conversationId] as const;

/** The newest messages, in front of which stays what was loaded before, where the two meet. */
function withNewest(known: Thread | undefined, newest: readonly Message[]): Thread {
  const isWhole = newest.length < NEWEST_MESSAGES;
  const first = newest[0];
  const meetAt = first ? (known?.messages.findIndex(({ id }) => id === first.id) ?? -1) : -1;
  if (isWhole || !known || meetAt < 0) return { messages: newest, hasOlder: !isWhole };
  return { messages: [...known.messages.slice(0, meetAt), ...newest], hasOlder: known.hasOlder };
}

export const loadNewest = async (
  client: Client,
  conversationId: string,
  cache: Pick<ThreadCache, "read" | "chosenBranch">,
  signal: AbortSignal,
): Promise<Thread> => {
  const branch = cache.chosenBranch(conversationId);
  const query = { limit: NEWEST_MESSAGES, versions: true, branch };
  const newest = await client.messages.list(conversationId, query, { ...LISTED, signal });
  // A load of another branch is under way.
  if (cache.chosenBranch(conversationId) !== branch) signal.throwIfAborted();
  return withNewest(cache.read(conversationId), newest);
};

/** The changes that a page makes to what it knows; each ends a load that is under way, whose answer would be older. */
export function createThreadCache(client: Client, queries: QueryClient) {
  const read = (conversationId: string) => queries.getQueryData<Thread>(threadKey(conversationId));
  /** The branches that this tab was told to show; any other conversation shows its active one. */
  const chosen = new Map<string, number>();
  /** Of each conversation, what the server is told of it at the moment. */
  const telling = new Map<string, Promise<unknown>>();

  const change = async (conversationId: string, changed: (thread: Thread) => Thread | null) => {
    const key = threadKey(conversationId);
    await queries.cancelQueries({ queryKey: key });
    const known = read(conversationId);
    const next = known ? changed(known) : null;
    if (next) queries.setQueryData<Thread>(key, next);
    else await queries.invalidateQueries({ queryKey: key });
  };

  /** Puts those before the first one in front. @returns false where that one is gone meanwhile */
  const loadBefore = async (conversationId: string, limit: number): Promise<void> => {
    const before = read(conversationId)?.messages[0]?.id;
    if (!before) return;
    const branch = chosen.get(conversationId);
    const query = { before, limit, versions: true, branch };
    const older = await client.messages.list(conversationId, query, LISTED);
    queries.setQueryData<Thread>(threadKey(conversationId), (now) =>
      now?.messages[0]?.id === before
        ? { messages: [...older, ...now.messages], hasOlder: older.length === limit }
        : now,
    );
  };

  /** Loads backwards until that message is there. @returns whether it is */
  const loadUntil = async (conversationId: string, messageId: string): Promise<boolean> => {
    for (;;) {
      const thread = read(conversationId);
      if (thread?.messages.some(({ id }) => id === messageId)) return true;
      if (!thread?.hasOlder) return false;
      const first = thread.messages[0]?.id;
      await loadBefore(conversationId, MESSAGES_AT_ONCE);
      if (read(conversationId)?.messages[0]?.id === first) return false;
    }
  };

  /** Shows that branch in this tab, whatever others choose. */
  const show = async (conversationId: string, branch: number): Promise<void> => {
    chosen.set(conversationId, branch);
    const key = threadKey(conversationId);
    await queries.cancelQueries({ queryKey: key });
    await queries.refetchQueries({ queryKey: key });
  };

  return {
    read,
    show,

    /** The branch that this tab shows; undefined: the active one. */
    chosenBranch: (conversationId: string): number | undefined => chosen.get(conversationId),

    /**
     * Tells the server that the conversation is opened on that branch next, after it has answered what it was told before:
     * requests that are under way together may come in any order.
     * @returns the conversation; null where this tab shows another branch by then, which the server is told instead
     */
    keep(conversationId: string, branch: number): Promise<Conversation | null> {
      const told = (telling.get(conversationId) ?? Promise.resolve())
        .catch(() => {})
        .then(() =>
          chosen.get(conversationId) === branch
            ? client.conversations.update(conversationId, { active_branch: branch })
            : null,
        );
      telling.set(conversationId, told);
      return told;
    },

    /** A reply is said on that branch, which this tab shows from now on. */
    stayOn(conversationId: string, branch: number): void {
      chosen.set(conversationId, branch);
    },

    begin(conversationId: string, userMessage: Message): void {
      const thread: Thread = { messages: [userMessage], hasOlder: false };
      queries.setQueryData(threadKey(conversationId), thread);
    },

    /** A user's message was stored, in the place of that one and all that followed where it is named. */
    accept: (conversationId: string, userMessage: Message, replaces: string | null) =>
      change(conversationId, (thread) => {
        const cut = replaces ? thread.messages.findIndex(({ id }) => id === replaces) : -1;
        const kept = cut < 0 ? thread.messages : thread.messages.slice(0, cut);
        return { ...thread, messages: withMessage(kept, userMessage) };
      }),

    /** A reply was stored, after that user's message. */
    answer(conversationId: string, userMessageId: string | null, reply: Message): Promise<void> {
      const hasCalls = reply.parts?.some(({ type }) => type === "tool_call");
      if (hasCalls) queries.setQueryData<Message>(partsKey(reply.id), reply);
      return change(conversationId, ({ messages, ...thread }) => {
        const at = messages.findIndex(({ id }) => id === userMessageId);
        const next = messages[at + 1];
        if (at >= 0 && next?.id === reply.id)
          return { ...thread, messages: messages.with(at + 1, reply) };
        // What follows waits for this reply.
        return at >= 0 && (!next || next.role === "user")
          ? { ...thread, messages: messages.toSpliced(at + 1, 0, reply) }
          : null;
      });
    },

    refresh: (conversationId: string) =>
      queries.invalidateQueries({ queryKey: threadKey(conversationId) }),

    loadOlder: (conversationId: string) => loadBefore(conversationId, OLDER_MESSAGES),

    /** Loads backwards until that message is there; where it is on no shown path, its own branch is shown. */
    async find(conversationId: string, messageId: string, branch: number): Promise<void> {
      if (await loadUntil(conversationId, messageId)) return;
      await show(conversationId, branch);
      await loadUntil(conversationId, messageId);
    },
  };
}

export type ThreadCache = ReturnType<typeof createThreadCache>;

function withMessage(messages: readonly Message[], message: Message): readonly Message[] {
  const at = messages.findIndex(({ id }) => id === message.id);
  return at < 0 ? [...messages, message] : messages.with(at, message);
}
