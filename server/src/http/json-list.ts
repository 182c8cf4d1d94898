import { Readable } from "node:stream";

const CHUNK_CHARACTERS = 64 * 1024;

/** A JSON document around a list that is written as it is read: `before`, the items with commas between, `after(count)`. */
export function streamList<T>(
  items: AsyncIterable<T> | Iterable<T>,
  write: (item: T) => string,
  before: string,
  after: (count: number) => string,
): Readable {
  async function* parts() {
    let text = before;
    let count = 0;
    for await (const item of items) {
      text += (count++ ? "," : "") + write(item);
      if (text.length < CHUNK_CHARACTERS) continue;
      yield text;
      text = "";
    }
    yield text + after(count);
  }
  return Readable.from(parts(), { objectMode: false, encoding: "utf8" });
}
