const MARK = 64; // "@"
const DIGITS = 16;
const STAMP_BYTES = DIGITS + 2;
const ZERO = 48;

/**
 * Finds the timestamps that the model put into its tokens, in whatever the server made of them.
 * A stamp that is not newer than the last one is a repetition (the whole text at the end) and passed over.
 */
export class TokenReader {
  count = 0;
  readonly #onToken: (sentAtMicroseconds: number) => void;
  #newest = 0;
  #unread = "";

  constructor(onToken: (sentAtMicroseconds: number) => void) {
    this.#onToken = onToken;
  }

  read(bytes: Buffer, start: number, end: number): void {
    let input = bytes;
    let position = start;
    let limit = end;
    if (this.#unread) {
      input = Buffer.from(this.#unread + bytes.toString("latin1", start, end), "latin1");
      position = 0;
      limit = input.length;
      this.#unread = "";
    }
    while (position < limit) {
      const mark = input.indexOf(MARK, position);
      if (mark < 0 || mark >= limit) return;
      if (mark + STAMP_BYTES > limit) {
        this.#unread = input.toString("latin1", mark, limit);
        return;
      }
      const stamp = input[mark + STAMP_BYTES - 1] === MARK ? readDigits(input, mark + 1) : -1;
      position = stamp < 0 ? mark + 1 : mark + STAMP_BYTES;
      if (stamp <= this.#newest) continue;
      this.#newest = stamp;
      this.count += 1;
      this.#onToken(stamp);
    }
  }
}

/** Sixteen decimal digits, or -1. */
function readDigits(bytes: Buffer, start: number): number {
  let value = 0;
  for (let position = start; position < start + DIGITS; position++) {
    const digit = (bytes[position] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The monotonic clock of the machine, the same one as in the model's timestamps. */
export const nowMicroseconds = (): number => Number(process.hrtime.bigint() / 1000n);
