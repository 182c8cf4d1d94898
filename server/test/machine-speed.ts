// How much slower the machine is at the moment than one that does nothing else, for tests that hold the product to a time.

/** The processor time of one spin. */
const SPIN_MS = 20;
const EVERY_MS = 500;

/** Computes for a known time. @returns how many times longer that took by the clock on the wall: 1 on an idle machine */
function spin(): number {
  const beganAt = performance.now();
  const before = process.threadCpuUsage();
  let usedMs = 0;
  while (usedMs < SPIN_MS) {
    const { user, system } = process.threadCpuUsage(before);
    usedMs = (user + system) / 1000;
  }
  return Math.max(1, (performance.now() - beganAt) / usedMs);
}

/**
 * Measures every half second, until it is disposed, how much of a processor a thread gets that wants a whole one. A
 * bound in time is then `BOUND_MS * machine.slowness()`: on an idle machine it is the bound itself.
 */
export function watchMachine() {
  let most = spin();
  const timer = setInterval(() => {
    most = Math.max(most, spin());
  }, EVERY_MS).unref();
  return {
    /** The most that it was slowed down since the watch began; at least 1. */
    slowness(): number {
      most = Math.max(most, spin());
      return most;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
