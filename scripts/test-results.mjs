import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** Linux counts the time of processors in hundredths of a second. */
const TICKS_A_SECOND = 100;
/** What this process and those that it has started and that have ended have used of processors, in seconds; elsewhere 0. */
function processorSeconds() {
  try {
    // The name, in parentheses, may contain anything; the numbers follow.
    const [, fields] = readFileSync("/proc/self/stat", "latin1").split(/.*\) /s);
    const ticks = fields
      .split(" ")
      .slice(11, 15)
      .reduce((sum, count) => sum + Number(count), 0);
    return ticks / TICKS_A_SECOND;
  } catch {
    return 0;
  }
}

/**
 * A reporter for the test files of one process: a line of JSON, `{tests, skipped, failedFiles, secondsOf, processorSecondsOf,
 * figures, processorSeconds}`. Files are named by their paths from the folder that the process runs in; what loading all of
 * them took is the first one's. The figures are what tests say by `diagnostic`.
 */
export default async function* testResults(events) {
  const figures = [];
  const failedFiles = new Set();
  const secondsOf = {};
  const processorSecondsOf = {};
  let before = 0;
  let isOver = false;
  for await (const { type, data } of events) {
    const file = data.file && relative(process.cwd(), data.file);
    if (type === "test:fail" && file) failedFiles.add(file);
    if ((type === "test:pass" || type === "test:fail") && data.nesting === 0) {
      const now = processorSeconds();
      secondsOf[file] = (secondsOf[file] ?? 0) + data.details.duration_ms / 1000;
      processorSecondsOf[file] = (processorSecondsOf[file] ?? 0) + now - before;
      before = now;
    }
    // The test runner's own totals come after the plan of all files.
    if (type === "test:plan" && data.nesting === 0) isOver = true;
    if (type === "test:diagnostic" && !isOver) figures.push(data.message);
    if (type !== "test:summary") continue;
    const { tests, skipped } = data.counts;
    const counts = { tests, skipped, processorSeconds: processorSeconds() };
    const files = { failedFiles: [...failedFiles], secondsOf, processorSecondsOf };
    yield `${JSON.stringify({ ...counts, ...files, figures })}\n`;
  }
}
