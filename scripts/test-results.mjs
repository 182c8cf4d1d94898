/**
 * A reporter for one test file: a line of JSON, `{tests, skipped, failed, figures}`. A file that ended badly outside of
 * its tests has failed, too. The figures are what its tests say by `diagnostic`.
 */
export default async function* testResults(events) {
  const figures = [];
  let hasFailed = false;
  let isOver = false;
  for await (const { type, data } of events) {
    if (type === "test:fail") hasFailed = true;
    // The test runner's own totals come after the plan of the file.
    if (type === "test:plan" && data.nesting === 0) isOver = true;
    if (type === "test:diagnostic" && !isOver) figures.push(data.message);
    if (type !== "test:summary") continue;
    const { tests, skipped } = data.counts;
    yield `${JSON.stringify({ tests, skipped, failed: hasFailed || !data.success, figures })}\n`;
  }
}
