import { type Client, ColloquyError, type Memory, type MemorySwitch } from "@colloquy/client";
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useSyncExternalStore } from "react";
import { createDeletions, type Deletions } from "../conversations/deletions.ts";
import { useSession } from "../session/session.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace, type Workspace } from "../workspace.tsx";

export const MAX_MEMORY_CHARACTERS = 400;
export const memoriesKey = ["memories"] as const;
const memorySwitchKey = ["memory"] as const;

/** What is out of sight and can still be taken back, as long as somebody is in. */
const deletionsOf = new WeakMap<Workspace, Deletions>();

/** Each by its id: a memory that was added since stays, also where all others are deleted. */
function createMemoryDeletions(client: Client, queries: QueryClient): Deletions {
  const remove = (id: string, keepalive: boolean) =>
    client.memories.delete(id, { keepalive }).catch((error: unknown) => {
      if (!(error instanceof ColloquyError && error.code === "NOT_FOUND")) throw error;
    });
  return createDeletions(async (ids, isLeaving) => {
    try {
      if (isLeaving) await Promise.all(ids.map((id) => remove(id, true)));
      else for (const id of ids) await remove(id, false);
    } catch (error) {
      notify({ text: i18next.t("list.notDeleted", { reason: wordsOf(error) }), isProblem: true });
    }
    await queries.invalidateQueries({ queryKey: memoriesKey }).catch(() => {});
  });
}

/** The memories that are being deleted, and the way to delete some. */
function useDeletions() {
  const { client } = useSession();
  const queries = useQueryClient();
  const workspace = useWorkspace();
  let deletions = deletionsOf.get(workspace);
  if (!deletions) {
    deletions = createMemoryDeletions(client, queries);
    deletionsOf.set(workspace, deletions);
  }
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  return { deletions, deleted };
}

/** What is remembered of the person, oldest first; `isWanted` false: it is not asked for yet. */
export function useMemories(isWanted = true) {
  const { client } = useSession();
  const { deletions, deleted } = useDeletions();
  const query = useQuery<Memory[]>({
    queryKey: memoriesKey,
    queryFn: ({ signal }) => client.memories.list({ signal }),
    enabled: isWanted,
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
  });
  const memories = query.data?.filter(({ id }) => !deleted.has(id));
  return {
    memories,
    /** Read since whoever asks is there. */
    isCurrent: query.isFetchedAfterMount,
    error: query.error,
    refetch: query.refetch,
    deletions,
  };
}

/** Whether models may remember, and the switch. */
export function useMemorySwitch() {
  const { client } = useSession();
  const queries = useQueryClient();
  const query = useQuery<MemorySwitch>({
    queryKey: memorySwitchKey,
    queryFn: ({ signal }) => client.memories.state({ signal }),
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
  });
  const turn = async (isOn: boolean) => {
    const before = query.data;
    queries.setQueryData(memorySwitchKey, before && { ...before, is_on: isOn });
    try {
      queries.setQueryData(memorySwitchKey, await client.memories.switch(isOn));
    } catch (error) {
      queries.setQueryData(memorySwitchKey, before);
      const text = i18next.t("memory.notChanged", { reason: wordsOf(error) });
      notify({ text, isProblem: true });
    }
  };
  return { state: query.data, error: query.error, refetch: query.refetch, turn };
}
