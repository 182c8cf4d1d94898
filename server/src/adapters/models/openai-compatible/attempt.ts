import type { Pool } from "undici";
import { finishReasonOf } from "../../../domain/finish-reason.ts";
import type { Finish, ModelPart } from "../../../ports/model.ts";
import { Exchange, type ExchangeRequest, textOf } from "./exchange.ts";
import { failureOfAnswer, failureOfReply, type ProviderIdentity } from "./failures.ts";
import { parseLoosely } from "./loose-json.ts";
import { type ReplyParser, replyParser } from "./reply-parser.ts";
import { retryAfterMsOf } from "./retry-after.ts";

const ERROR_BODY_MS = 5000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;
const OPENING_BRACE = 0x7b;
const OPENING_ANGLE = 0x3c;

export type AttemptOptions = {
  readonly identity: ProviderIdentity;
  readonly thinkTags: boolean;
  readonly calls: boolean;
  /** How many answers were asked for. */
  readonly choices: number;
  readonly idleTimeoutMs: number;
  /** How long to wait for usage and `[DONE]` once a finish reason came, and then for the end. */
  readonly settleMs: number;
};

/** One attempt at a reply: a single request, its response read batch by batch. */
export class Attempt {
  /** Whether `finish` was given. */
  finished = false;
  readonly #exchange: Exchange;
  readonly #options: AttemptOptions;
  readonly #signal: AbortSignal;
  readonly #parser: ReplyParser;
  #opened = false;

  /** Sends the request. */
  constructor(pool: Pool, request: ExchangeRequest, options: AttemptOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#parser = replyParser(options);
    this.#exchange = new Exchange(pool, request, options.idleTimeoutMs, signal);
  }

  /**
   * The next parts, at least one: all text that has come in the meantime is one part.
   * @throws AttemptFailure, ExchangeError, or the signal's reason
   */
  async read(): Promise<readonly ModelPart[]> {
    const parser = this.#parser;
    if (!this.#opened) await this.#open();
    for (;;) {
      const parts = parser.take();
      if (parser.done && parser.fault === null) return this.#finish(parts);
      if (parts.length > 0) return parts;
      if (parser.fault !== null) throw failureOfReply(parser.fault, this.#options.identity);
      if (parser.isWhole) this.#exchange.endWithin(this.#options.settleMs);
      try {
        const chunks = this.#exchange.take();
        if (chunks === null) parser.end();
        else if (chunks.length === 0) await this.#exchange.wait();
        else for (const chunk of chunks) parser.feed(chunk);
      } catch (error) {
        // A reply with a finish reason is complete, however its connection ends.
        if (!parser.isWhole || this.#signal.aborted) throw error;
        parser.end();
      }
    }
  }

  /** Closes the connection if the reply is not finished. Harmless when called again. */
  close(): void {
    this.#exchange.close();
  }

  async #open(): Promise<void> {
    const exchange = this.#exchange;
    await exchange.opened();
    this.#opened = true;
    if (exchange.status < 200 || exchange.status > 299) throw await this.#refused();
    let first = await exchange.read();
    while (first !== null && startOf(first) === null) first = await exchange.read();
    if (first === null) return this.#parser.end();
    if (startOf(first) === OPENING_ANGLE)
      throw failureOfReply({ type: "malformed", problem: "a web page" }, this.#options.identity);
    if (startOf(first) === OPENING_BRACE)
      this.#parser.feedWhole(await textOf(exchange, MAX_WHOLE_BYTES, first));
    else for (const chunk of first) this.#parser.feed(chunk);
  }

  async #refused(): Promise<Error> {
    const { status, headers } = this.#exchange;
    this.#exchange.endWithin(ERROR_BODY_MS);
    const body = await textOf(this.#exchange, MAX_ERROR_BYTES).catch(() => null);
    this.#signal.throwIfAborted();
    return failureOfAnswer(
      status,
      parseLoosely(body ?? ""),
      retryAfterMsOf(headers),
      this.#options.identity,
    );
  }

  #finish(parts: readonly ModelPart[]): readonly ModelPart[] {
    const { choices, model, usage } = this.#parser;
    const finishes = choices.map(finishOf);
    const [first = finishOf(NO_ANSWER)] = finishes;
    this.#exchange.drain(this.#options.settleMs);
    this.finished = true;
    const several = this.#options.choices > 1 && { choices: finishes };
    return [...parts, { type: "finish", ...first, ...several, model, usage }];
  }
}

const NO_ANSWER = { finishReason: "stop", hasCalls: false };

function finishOf({ finishReason, hasCalls }: ReplyParser["choices"][number]): Finish {
  const word = finishReason ?? "stop";
  const said = finishReasonOf(word);
  // Some end as ever, whatever they ask for.
  return { reason: said === "stop" && hasCalls ? "tool_calls" : said, word };
}

/** The first byte that is not a blank; null if there is none. */
function startOf(chunks: readonly Buffer[]): number | null {
  for (const chunk of chunks) for (const byte of chunk) if (byte > 0x20) return byte;
  return null;
}
