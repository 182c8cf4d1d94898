import type { Client } from "@colloquy/client";

/** How long what was done to conversations can be taken back. */
export const UNDO_MS = 10_000;

/**
 * Deletions that can still be taken back: what is deleted is out of sight at once and gone from the
 * server when the time to undo is over or the page is left.
 * @param remove deletes those that were deleted together; never rejects
 */
export function createDeletions(
  remove: (conversationIds: readonly string[], isLeaving: boolean) => Promise<void>,
) {
  /** What was deleted together, by its timer. */
  const waiting = new Map<number, readonly string[]>();
  const listeners = new Set<() => void>();
  /** Those that wait, and those that the server is deleting now. */
  const unseen = new Set<string>();
  let ids: ReadonlySet<string> = new Set();

  const publish = () => {
    ids = new Set(unseen);
    for (const listener of listeners) listener();
  };
  const show = (shown: readonly string[]) => {
    for (const id of shown) unseen.delete(id);
    publish();
  };
  const carryOut = async (timer: number, isLeaving: boolean) => {
    const deleted = waiting.get(timer) ?? [];
    clearTimeout(timer);
    waiting.delete(timer);
    // Out of sight until the server has forgotten it.
    await remove(deleted, isLeaving);
    show(deleted);
  };
  const leave = () => {
    for (const timer of [...waiting.keys()]) void carryOut(timer, true);
  };
  addEventListener("pagehide", leave);

  return {
    current: () => ids,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** @returns takes it back, if there is still time */
    delete(deleted: readonly string[]): () => void {
      const timer = window.setTimeout(() => void carryOut(timer, false), UNDO_MS);
      waiting.set(timer, deleted);
      for (const id of deleted) unseen.add(id);
      publish();
      return () => {
        if (!waiting.delete(timer)) return;
        clearTimeout(timer);
        show(deleted);
      };
    },
    close(): void {
      leave();
      removeEventListener("pagehide", leave);
    },
  };
}

export type Deletions = ReturnType<typeof createDeletions>;

/** @throws if one of them is still there */
export async function deleteAll(
  client: Client,
  conversationIds: readonly string[],
  keepalive: boolean,
): Promise<void> {
  const [first] = conversationIds;
  if (first !== undefined && conversationIds.length === 1)
    return client.conversations.delete(first, { keepalive });
  const results = await client.conversations.act("delete", conversationIds, { keepalive });
  const problem = results.find(({ error }) => error && error.code !== "NOT_FOUND")?.error;
  if (problem) throw new Error(problem.message);
}
