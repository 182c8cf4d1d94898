/** A reporter for `node --test`: a line for each file in which a test failed, or that ended badly. */
export default async function* failedFiles(events) {
  for await (const { type, data } of events)
    if (data.file && (type === "test:fail" || (type === "test:summary" && !data.success)))
      yield `${data.file}\n`;
}
