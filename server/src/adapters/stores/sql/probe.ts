import type { Operation, StatementWriter } from "./statement.ts";

/** Whether a store works, found out by trying. */
export type Probe = {
  /** Tries again where the last success is older than PROBE_INTERVAL_MS, or something failed since. Rejects as the attempt does. */
  check(): Promise<void>;
  /** Something failed: the next check does not believe the last one. */
  doubt(): void;
};

const PROBE_INTERVAL_MS = 5_000;

export function createProbe(attempt: () => Promise<void>): Probe {
  let workedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  const run = async () => {
    const begunAtMs = performance.now();
    try {
      await attempt();
      workedAtMs = begunAtMs;
    } finally {
      running = null;
    }
  };
  return {
    check() {
      if (performance.now() - workedAtMs < PROBE_INTERVAL_MS) return Promise.resolve();
      running ??= run();
      return running;
    },
    doubt() {
      workedAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

const NAME = "health";

/** Writing a row of its own. */
export function createHealthWrites(write: StatementWriter) {
  const note = write<{ at: string }>()((database, parameter) =>
    database
      .insertInto("meta")
      .values({ name: NAME, value: parameter.at })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: parameter.at })),
  );
  return {
    *noteHealth(at: Date): Operation<void> {
      yield* note.run({ at: at.toISOString() });
    },
  };
}
