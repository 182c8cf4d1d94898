import { isUtf8 } from "node:buffer";

/** A line of a file or an element of an array. */
export type Piece = {
  /** The number of the piece, counted from 1. */
  readonly number: number;
  /** The text; null if it is too long. */
  readonly text: string | null;
  /** The bytes were not valid UTF-8; U+FFFD replaces the invalid ones. */
  readonly isDamaged: boolean;
};

/** A limit that is far above any conversation and still safe for the memory. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Assembles a piece from parts of chunks. A piece that is too long is dropped. */
export function pieceCollector() {
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  return {
    get isEmpty() {
      return bytes === 0;
    },
    add(part: Buffer): void {
      bytes += part.length;
      if (bytes > MAX_BYTES) parts = [];
      else if (part.length > 0) parts.push(part);
    },
    finish(): Piece {
      const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
      const isTooLong = bytes > MAX_BYTES;
      parts = [];
      bytes = 0;
      number++;
      return {
        number,
        text: isTooLong ? null : whole.toString("utf8"),
        isDamaged: !isTooLong && !isUtf8(whole),
      };
    },
  };
}
