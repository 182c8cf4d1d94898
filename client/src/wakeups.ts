/** Tells whoever waits before trying again that it is worth trying now. */
export type Wakeups = {
  /** Calls the listener at every wake-up, until the returned function is called. */
  listen(listener: () => void): () => void;
  wake(): void;
};

export function createWakeups(): Wakeups {
  const listeners = new Set<() => void>();
  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    wake() {
      for (const listener of [...listeners]) listener();
    },
  };
}
