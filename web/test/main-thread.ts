// How long a page's main thread worked at a time, in processor time: what waits for others on the machine is not in it.
import type { Browser, Page } from "playwright-core";

type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** Processor time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
};

export type Work = {
  /** The longest task, in milliseconds. */
  readonly longestMs: number;
  readonly totalMs: number;
};

/** Marks a moment; what follows, up to the next one, counts as the work of that name. */
export const mark = (page: Page, name: string): Promise<void> =>
  page.evaluate((text) => void performance.mark(text), `work:${name}`);

/** Notes the work of a page while something is done with it. */
export async function workOf(
  browser: Browser,
  page: Page,
  act: () => Promise<void>,
): Promise<ReadonlyMap<string, Work>> {
  await browser.startTracing(page, {
    categories: ["toplevel", "blink.user_timing", "disabled-by-default-devtools.timeline"],
  });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: readonly TraceEvent[];
  };
  const marks = traceEvents
    .filter(({ name }) => name.startsWith("work:"))
    .sort((one, other) => one.ts - other.ts);
  const first = marks[0];
  const work = new Map<string, Work>();
  for (const { name, ph, pid, tid, ts, tdur = 0 } of traceEvents) {
    if (!name.endsWith("::RunTask") || ph !== "X" || pid !== first?.pid || tid !== first.tid)
      continue;
    const current = marks.findLast((one) => one.ts <= ts)?.name.slice("work:".length);
    if (current === undefined) continue;
    const { longestMs, totalMs } = work.get(current) ?? { longestMs: 0, totalMs: 0 };
    work.set(current, {
      longestMs: Math.max(longestMs, tdur / 1000),
      totalMs: totalMs + tdur / 1000,
    });
  }
  return work;
}
