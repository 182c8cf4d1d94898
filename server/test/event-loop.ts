// How long the event loop of this process is held.

/**
 * The longest that one turn of the event loop computes while that is done, in milliseconds of processor time of this
 * thread: however many others want the processor, it stays the same.
 */
export async function longestTurnOf(work: () => Promise<unknown>): Promise<number> {
  let mostMs = 0;
  let isMeasuring = true;
  let before = process.threadCpuUsage();
  const measure = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    mostMs = Math.max(mostMs, (user + system) / 1000);
    before = process.threadCpuUsage();
    if (isMeasuring) setImmediate(measure);
  };
  measure();
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    // Otherwise a test that fails would never let its process end.
    isMeasuring = false;
  }
  return mostMs;
}
