const NEWLINE = 10;

/** A line; null: it was longer than the bound, and was not kept. */
export type Line = string | null;

/** The lines of a stream that have something in them, the last one also where nothing ends it. @param maxBytes of a line */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  const keep = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes > maxBytes) pieces = [];
    else pieces.push(piece);
  };
  const take = (): Line => {
    const line = bytes > maxBytes ? null : Buffer.concat(pieces).toString("utf8");
    pieces = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      const line = take();
      if (line?.trim() !== "") yield line;
      from = end + 1;
    }
    keep(chunk.subarray(from));
  }
  const last = take();
  if (last?.trim() !== "") yield last;
}
