import { SingleBar } from "cli-progress";

export type Progress = Disposable & {
  /** @param detail what was done so far, in words */
  update(value: number, detail: string): void;
};

const SILENT: Progress = { update() {}, [Symbol.dispose]() {} };

/** A progress bar on standard error, gone once disposed; nothing where that is not a terminal. */
export function showProgress(
  total: number | null,
  options: { readonly isHidden?: boolean } = {},
): Progress {
  if (total === null || options.isHidden || !process.stderr.isTTY) return SILENT;
  const bar = new SingleBar({
    format: "{bar} {percentage}%  {detail}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    stream: process.stderr,
    clearOnComplete: true,
    gracefulExit: false,
    hideCursor: null,
  });
  bar.start(total, 0, { detail: "" });
  return {
    update: (value, detail) => bar.update(Math.min(value, total), { detail }),
    [Symbol.dispose]: () => bar.stop(),
  };
}
