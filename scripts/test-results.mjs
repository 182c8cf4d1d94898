/**
 * A reporter for `node --test`: a line of JSON for each file, `{file, seconds, tests, skipped, failed, figures}`. A
 * file that ended badly outside of its tests has failed, too. The figures are what its tests say by `diagnostic`.
 */
export default async function* testResults(events) {
  const failed = new Set();
  const figures = new Map();
  for await (const { type, data } of events) {
    const { file } = data;
    if (!file) continue;
    if (type === "test:fail") failed.add(file);
    if (type === "test:diagnostic") figures.set(file, [...(figures.get(file) ?? []), data.message]);
    if (type !== "test:summary") continue;
    yield `${JSON.stringify({
      file,
      seconds: Math.round(data.duration_ms / 100) / 10,
      tests: data.counts.tests,
      skipped: data.counts.skipped,
      failed: failed.delete(file) || !data.success,
      figures: figures.get(file) ?? [],
    })}\n`;
    figures.delete(file);
  }
  for (const file of failed)
    yield `${JSON.stringify({ file, seconds: 0, tests: 0, skipped: 0, failed: true, figures: [] })}\n`;
}
