import { isUtf8 } from "node:buffer";

/** A line, or an element of an array. */
export type Piece = {
  /** Counted from 1. */
  readonly number: number;
  /** Null when it is longer than anything sensible. */
  readonly text: string | null;
  /** It had bytes that are no UTF-8; U+FFFD stands for them. */
  readonly isDamaged: boolean;
};

/** Far more than any conversation, and still no danger to the memory. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Puts a piece together from parts of chunks; of one that is too long it keeps nothing. */
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
