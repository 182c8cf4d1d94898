import { Readable } from "node:stream";
import { nextTurn } from "../domain/turns-of-the-loop.ts";

const CHUNK_CHARACTERS = 64 * 1024;

/**
 * A JSON document around a list whose items are written as they are read: `before`, the items with commas
 * between, `after(count)`. An item is text, or text in UTF-8.
 */
export function streamList<T>(
  items: AsyncIterable<T> | Iterable<T>,
  write: (item: T) => string | Promise<string | Buffer>,
  before: string,
  after: (count: number) => string,
): Readable {
  async function* parts() {
    let text = before;
    let count = 0;
    for await (const item of items) {
      const written = await write(item);
      if (count++) text += ",";
      if (typeof written === "string") text += written;
      if (typeof written === "string" && text.length < CHUNK_CHARACTERS) continue;
      yield text;
      if (typeof written !== "string") yield written;
      text = "";
      await nextTurn();
    }
    yield text + after(count);
  }
  return Readable.from(parts(), { objectMode: false });
}
