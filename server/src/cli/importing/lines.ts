import { type Piece, pieceCollector } from "./pieces.ts";

const NEWLINE = 0x0a;

/** The lines of a file, including blank ones. At most one line is in memory besides the chunk. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const line = pieceCollector();
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end));
      yield line.finish();
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  if (!line.isEmpty) yield line.finish();
}
