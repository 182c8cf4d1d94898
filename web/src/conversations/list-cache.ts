import type { Client, Conversation } from "@colloquy/client";
import type { QueryClient } from "@tanstack/react-query";

/** The conversations in no project that were used last, as far as one has scrolled, and apart from them those that are pinned. */
export type ConversationList = {
  readonly items: readonly Conversation[];
  readonly pinned: readonly Conversation[];
  /** Of those that are not pinned, on the server. */
  readonly total: number;
  readonly isWhole: boolean;
};

const PAGE = 100;
const KEY = ["conversations"] as const;

export const conversationKey = (id: string) => ["conversation", id] as const;
export const listKey = KEY;
/** All lists but that one. */
export const otherListsKey = ["lists"] as const;
/** The archived conversations. */
export const archivedKey = [...otherListsKey, "archived"] as const;
export const projectListKey = (projectId: string) => [...otherListsKey, projectId] as const;
/** In the place of a project: the conversations of the sidebar are in no folder. */
const IN_NONE = { project_id: "none" } as const;

const usedLastFirst = (a: Conversation, b: Conversation): number =>
  a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0;

/** The first page in front of what was loaded before; what the page should have had and has not is deleted. */
function withFirstPage(
  known: ConversationList | undefined,
  first: readonly Conversation[],
): readonly Conversation[] {
  const oldest = first.at(-1)?.updated_at;
  if (!known || oldest === undefined || first.length < PAGE) return first;
  const ids = new Set(first.map(({ id }) => id));
  return [...first, ...known.items.filter((item) => item.updated_at < oldest && !ids.has(item.id))];
}

export async function loadList(
  client: Client,
  known: () => ConversationList | undefined,
  signal: AbortSignal,
): Promise<ConversationList> {
  const [page, pinned] = await Promise.all([
    client.conversations.list({ ...IN_NONE, limit: PAGE, is_pinned: false }, { signal }),
    client.conversations.list({ ...IN_NONE, limit: PAGE, is_pinned: true }, { signal }),
  ]);
  const items = withFirstPage(known(), page.items);
  return { items, pinned: pinned.items, total: page.total, isWhole: items.length >= page.total };
}

export function createListCache(client: Client, queries: QueryClient) {
  let loadingMore: Promise<void> | null = null;

  const loadMore = async (): Promise<void> => {
    const known = queries.getQueryData<ConversationList>(KEY);
    if (!known || known.isWhole) return;
    // The list may have moved by some places meanwhile: what comes twice is dropped.
    const page = Math.floor(known.items.length / PAGE) + 1;
    const next = await client.conversations.list({
      ...IN_NONE,
      limit: PAGE,
      page,
      is_pinned: false,
    });
    queries.setQueryData<ConversationList>(KEY, (now) => {
      if (!now) return now;
      const ids = new Set(now.items.map(({ id }) => id));
      const items = [...now.items, ...next.items.filter(({ id }) => !ids.has(id))];
      return { ...now, items, total: next.total, isWhole: page >= next.totalPages };
    });
  };

  /** Puts each where it belongs now. Those that a page shows by themselves are changed there, too. */
  const putAll = (changed: readonly Conversation[]): void => {
    for (const conversation of changed)
      queries.setQueryData<Conversation>(
        conversationKey(conversation.id),
        (known) => known && conversation,
      );
    void queries.invalidateQueries({ queryKey: otherListsKey });
    // A temporary conversation is in no list.
    const listed = changed.filter(({ expires_at }) => expires_at === undefined);
    const ids = new Set(listed.map(({ id }) => id));
    queries.setQueryData<ConversationList>(KEY, (known) => {
      if (!known || listed.length === 0) return known;
      const placed = (list: readonly Conversation[], isPinned: boolean) =>
        [
          ...list.filter(({ id }) => !ids.has(id)),
          ...listed.filter(
            (one) => !one.is_archived && !one.project_id && one.is_pinned === isPinned,
          ),
        ].sort(usedLastFirst);
      return {
        ...known,
        items: placed(known.items, false),
        pinned: placed(known.pinned, true),
      };
    });
  };

  const put = (conversation: Conversation): void => {
    queries.setQueryData(conversationKey(conversation.id), conversation);
    putAll([conversation]);
  };

  return {
    async refresh(): Promise<void> {
      void queries.invalidateQueries({ queryKey: otherListsKey });
      await queries.invalidateQueries({ queryKey: KEY });
    },

    loadMore(): Promise<void> {
      loadingMore ??= loadMore().finally(() => {
        loadingMore = null;
      });
      return loadingMore;
    },

    put,
    putAll,

    /** Something was said in that conversation, which the server takes out of the archive for it. */
    said(conversationId: string): void {
      const known = queries.getQueryData<Conversation>(conversationKey(conversationId));
      if (!known?.is_archived) return;
      const { is_archived: _, ...listed } = known;
      put(listed);
    },

    removeAll(conversationIds: readonly string[]): void {
      for (const queryKey of conversationIds.map(conversationKey))
        if (queries.getQueryData(queryKey)) queries.removeQueries({ queryKey });
      void queries.invalidateQueries({ queryKey: otherListsKey });
      const ids = new Set(conversationIds);
      queries.setQueryData<ConversationList>(KEY, (known) => {
        if (!known) return known;
        const others = (list: readonly Conversation[]) => list.filter(({ id }) => !ids.has(id));
        const items = others(known.items);
        const gone = known.items.length - items.length;
        return { ...known, items, pinned: others(known.pinned), total: known.total - gone };
      });
    },
  };
}

export type ListCache = ReturnType<typeof createListCache>;
