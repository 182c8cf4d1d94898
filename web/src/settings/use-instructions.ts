import type { Client, Profile } from "@colloquy/client";
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useSession } from "../session/session.tsx";

export const MAX_INSTRUCTIONS_CHARACTERS = 4_000;
const TYPING_PAUSE_MS = 700;
const SAVED_SHOWN_MS = 2_000;
/** Beyond it nobody counts each character; two code units are one at most. */
const MAX_COUNTED = 4 * MAX_INSTRUCTIONS_CHARACTERS;

type Draft = Pick<Profile, "instructions" | "uses_instructions">;
type Shown = {
  /** What was typed and is not on the server yet; null: all of it is. */
  readonly draft: Draft | null;
  readonly problem: unknown;
  readonly isSaved: boolean;
};

const profileKey = ["profile"] as const;
const NOTHING: Shown = { draft: null, problem: null, isSaved: false };

/** As the server counts them. */
const charactersOf = (text: string): number =>
  text.length > MAX_COUNTED ? text.length : Array.from(text).length;

const excessOf = (text: string): number =>
  Math.max(0, charactersOf(text) - MAX_INSTRUCTIONS_CHARACTERS);

/** Puts drafts on the server a moment after the last key, one after the other. */
function createKeeper(client: Client, queries: QueryClient) {
  const listeners = new Set<() => void>();
  let shown = NOTHING;
  let timer = 0;
  let isRunning = false;
  const show = (change: Partial<Shown>) => {
    shown = { ...shown, ...change };
    for (const listener of listeners) listener();
  };
  const save = async (): Promise<void> => {
    clearTimeout(timer);
    const { draft } = shown;
    if (!draft || isRunning || excessOf(draft.instructions) > 0) return;
    isRunning = true;
    try {
      const kept = await client.profile.replace(draft);
      queries.setQueryData(profileKey, { ...kept, ...draft });
      const isLatest = shown.draft === draft;
      show({ problem: null, ...(isLatest && { draft: null, isSaved: true }) });
      if (isLatest) timer = window.setTimeout(() => show({ isSaved: false }), SAVED_SHOWN_MS);
    } catch (problem) {
      show({ problem });
      return;
    } finally {
      isRunning = false;
    }
    if (shown.draft) void save();
  };
  return {
    shown: () => shown,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    save: () => void save(),
    change(draft: Draft): void {
      clearTimeout(timer);
      show({ draft, isSaved: false });
      timer = window.setTimeout(() => void save(), TYPING_PAUSE_MS);
    },
  };
}

/** The person's instructions, as they are typed and as the server has them. */
export function useInstructions() {
  const { client } = useSession();
  const queries = useQueryClient();
  const [keeper] = useState(() => createKeeper(client, queries));
  const { draft, problem, isSaved } = useSyncExternalStore(keeper.subscribe, keeper.shown);
  const query = useQuery<Profile>({
    queryKey: profileKey,
    queryFn: ({ signal }) => client.profile.get({ signal }),
  });

  useEffect(() => {
    addEventListener("pagehide", keeper.save);
    return () => {
      removeEventListener("pagehide", keeper.save);
      keeper.save();
    };
  }, [keeper]);

  const current = draft ?? query.data ?? null;
  const text = current?.instructions ?? "";
  return {
    draft: current,
    problem: problem ?? (query.data ? null : query.error),
    isSaved,
    length: charactersOf(text),
    excess: excessOf(text),
    change: keeper.change,
    retry: keeper.save,
    reload: () => void query.refetch(),
  };
}
