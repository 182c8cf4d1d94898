const MAX_PIECE_MS = 5;

/** Does steps to their end, and lets the event loop go on every few milliseconds. */
export async function inPieces<Result>(steps: Generator<void, Result>): Promise<Result> {
  let pauseAt = performance.now() + MAX_PIECE_MS;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() < pauseAt) continue;
    await new Promise((resolve) => setImmediate(resolve));
    pauseAt = performance.now() + MAX_PIECE_MS;
  }
}
