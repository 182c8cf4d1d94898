import type { ResponseReader } from "./response-parser.ts";
import { nowMicroseconds, TokenReader } from "./token-reader.ts";

/** What a close look at one whole reply found. */
export type Inspection = {
  readonly problem: string | null;
  /** In how many pieces the text came; 1 for what is not streamed. */
  readonly pieces: number;
};

/** What a reply must be to count. The first three are checked on every reply, `inspect` on samples. */
export type Expectation = {
  readonly status: number;
  /** ASCII texts that must occur in the body. */
  readonly required: readonly string[];
  /** Timestamped tokens that must arrive; 0 where tokens carry no time. */
  readonly stampedTokens: number;
  inspect(body: string): Inspection;
};

/** Looks for a text in a body that comes in pieces. */
class Seeker {
  isFound = false;
  readonly #text: string;
  #lastBytes = "";

  constructor(text: string) {
    this.#text = text;
  }

  read(bytes: Buffer, start: number, end: number): void {
    if (this.isFound) return;
    const overlap = this.#text.length - 1;
    const place = bytes.indexOf(this.#text, start, "latin1");
    const border =
      this.#lastBytes + bytes.toString("latin1", start, Math.min(end, start + overlap));
    this.isFound = (place >= 0 && place + this.#text.length <= end) || border.includes(this.#text);
    const rest = bytes.toString("latin1", Math.max(start, end - overlap), end);
    this.#lastBytes = (this.#lastBytes + rest).slice(-overlap);
  }
}

/** One reply as it comes in: its times, and whether it is what was asked for. */
export class Reply implements ResponseReader {
  firstTokenAtMs: number | null = null;
  readonly #expectation: Expectation;
  readonly #seekers: readonly Seeker[];
  readonly #tokens: TokenReader | null;
  readonly #isSampled: boolean;
  #status = 0;
  #body = "";
  #lastBytes = "";

  constructor(
    expectation: Expectation,
    isSampled: boolean,
    onTokenDelay: (delayMs: number) => void,
  ) {
    this.#expectation = expectation;
    this.#isSampled = isSampled;
    this.#seekers = expectation.required.map((text) => new Seeker(text));
    this.#tokens =
      expectation.stampedTokens === 0
        ? null
        : new TokenReader((sentAtMicroseconds) => {
            this.firstTokenAtMs ??= performance.now();
            onTokenDelay((nowMicroseconds() - sentAtMicroseconds) / 1000);
          });
  }

  onHead(status: number): void {
    this.#status = status;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    for (const seeker of this.#seekers) seeker.read(bytes, start, end);
    this.#tokens?.read(bytes, start, end);
    if (this.#isSampled) this.#body += bytes.toString("latin1", start, end);
    if (this.#status !== this.#expectation.status || this.#seekers.length > 0) {
      this.#lastBytes = bytes.toString("latin1", Math.max(start, end - 300), end);
    }
  }

  /** Null when the reply is what was asked for. */
  judge(): Inspection {
    const problem = this.#findProblem();
    if (problem) return { problem: `${problem} … ${this.#lastBytes.trim()}`, pieces: 0 };
    if (!this.#isSampled) return { problem: null, pieces: 0 };
    try {
      return this.#expectation.inspect(this.#body);
    } catch (error) {
      return { problem: `unreadable reply: ${String(error)}`, pieces: 0 };
    }
  }

  #findProblem(): string | null {
    const { status, required, stampedTokens } = this.#expectation;
    if (this.#status !== status) return `status ${this.#status} instead of ${status}`;
    const missing = this.#seekers.findIndex((seeker) => !seeker.isFound);
    if (missing >= 0) return `no ${required[missing]} in the reply`;
    const tokens = this.#tokens?.count ?? 0;
    if (tokens !== stampedTokens) return `${tokens} tokens instead of ${stampedTokens}`;
    return null;
  }
}
