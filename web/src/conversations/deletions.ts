const UNDO_MS = 8_000;

/**
 * Deletions that can still be taken back: what is deleted is out of sight at once and gone from the
 * server when the time to undo is over or the page is left.
 */
export function createDeletions(
  remove: (conversationId: string, isLeaving: boolean) => Promise<void>,
) {
  const timers = new Map<string, number>();
  const listeners = new Set<() => void>();
  let ids: ReadonlySet<string> = new Set();

  const publish = () => {
    ids = new Set(timers.keys());
    for (const listener of listeners) listener();
  };
  const carryOut = async (id: string, isLeaving: boolean) => {
    clearTimeout(timers.get(id));
    try {
      // Out of sight until the server has forgotten it.
      await remove(id, isLeaving);
    } finally {
      timers.delete(id);
      publish();
    }
  };
  const leave = () => {
    for (const id of timers.keys()) void carryOut(id, true);
  };
  addEventListener("pagehide", leave);

  return {
    undoMs: UNDO_MS,
    current: () => ids,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    delete(id: string): void {
      timers.set(
        id,
        window.setTimeout(() => void carryOut(id, false), UNDO_MS),
      );
      publish();
    },
    undo(id: string): void {
      clearTimeout(timers.get(id));
      timers.delete(id);
      publish();
    },
    close(): void {
      leave();
      removeEventListener("pagehide", leave);
    },
  };
}

export type Deletions = ReturnType<typeof createDeletions>;
