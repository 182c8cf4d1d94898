import { relative } from "node:path";

/**
 * A reporter for the test files of one process: a line of JSON, `{tests, skipped, failedFiles, secondsOf, figures}`. Files
 * are named by their paths from the folder that the process runs in. The figures are what tests say by `diagnostic`.
 */
export default async function* testResults(events) {
  const figures = [];
  const failedFiles = new Set();
  const secondsOf = {};
  let isOver = false;
  for await (const { type, data } of events) {
    const file = data.file && relative(process.cwd(), data.file);
    if (type === "test:fail" && file) failedFiles.add(file);
    if ((type === "test:pass" || type === "test:fail") && data.nesting === 0)
      secondsOf[file] = (secondsOf[file] ?? 0) + data.details.duration_ms / 1000;
    // The test runner's own totals come after the plan of all files.
    if (type === "test:plan" && data.nesting === 0) isOver = true;
    if (type === "test:diagnostic" && !isOver) figures.push(data.message);
    if (type !== "test:summary") continue;
    const { tests, skipped } = data.counts;
    yield `${JSON.stringify({ tests, skipped, failedFiles: [...failedFiles], secondsOf, figures })}\n`;
  }
}
