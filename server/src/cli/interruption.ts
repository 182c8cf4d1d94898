import { onSignals } from "./signals.ts";

export const INTERRUPTED_EXIT_CODE = 130;

/**
 * Until disposed, Ctrl-C and SIGTERM abort the signal, so that what is under way is tidied up; a
 * second one ends the process at once.
 */
export function interruption(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const listening = onSignals(() => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
    controller.abort();
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
