/**
 * Ctrl-C reaches every process of a terminal, and npm passes it on to its own as well: what comes so soon
 * after a signal is that signal again.
 */
const SAME_SIGNAL_MS = 300;

/** Calls back for each SIGINT and SIGTERM, until disposed. */
export function onSignals(listener: () => void): Disposable {
  let lastAtMs = Number.NEGATIVE_INFINITY;
  const heard = () => {
    const nowMs = performance.now();
    if (nowMs - lastAtMs < SAME_SIGNAL_MS) return;
    lastAtMs = nowMs;
    listener();
  };
  process.on("SIGINT", heard).on("SIGTERM", heard);
  return {
    [Symbol.dispose]() {
      process.off("SIGINT", heard).off("SIGTERM", heard);
    },
  };
}
