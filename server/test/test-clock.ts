// The clock that this run pretends to have, if any (TEST_CLOCK in scripts/test.mjs).
const NAMES = ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"];

/** What gives a process that a test starts the same clock. */
export const clockEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  NAMES.flatMap((name) => {
    const value = process.env.FAKETIME && process.env[name];
    return value ? [[name, value]] : [];
  }),
);
