import type { Pool } from "undici";
import { finishReasonOf } from "../../../domain/finish-reason.ts";
import type { Sink } from "../../../domain/sink.ts";
import type { Finish, ModelPart } from "../../../ports/model.ts";
import {
  Exchange,
  type ExchangeError,
  type ExchangeHandler,
  type ExchangeRequest,
  type ResponseHeaders,
  TextBody,
} from "./exchange.ts";
import { failureOfAnswer, failureOfReply, type ProviderIdentity } from "./failures.ts";
import { parseLoosely } from "./loose-json.ts";
import { type ReplyParser, replyParser } from "./reply-parser.ts";
import { retryAfterMsOf } from "./retry-after.ts";

const ERROR_BODY_MS = 5000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;
const OPENING_BRACE = 0x7b;
const OPENING_ANGLE = 0x3c;
const NOW = Promise.resolve();

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

/**
 * One attempt at a reply: a single request. What comes in one read is given at once, all text of it as one part; the
 * last is `finish`. Ends with an AttemptFailure or an ExchangeError where it fails.
 */
export class Attempt implements ExchangeHandler {
  readonly #exchange: Exchange;
  readonly #options: AttemptOptions;
  readonly #sink: Sink<ModelPart>;
  readonly #parser: ReplyParser;
  /** `events`, `whole` and `refused` say what the body is. */
  #state: "head" | "start" | "events" | "whole" | "refused" | "over" = "head";
  #status = 0;
  #headers: ResponseHeaders = {};
  /** Of a body that is read as a whole. */
  #body = new TextBody(0);
  #willDeliver = false;
  #isPaused = false;
  #hasFinish = false;
  /** How the response ended while the sink paused. */
  #ending: { readonly error: ExchangeError | null } | null = null;

  constructor(options: AttemptOptions, sink: Sink<ModelPart>) {
    this.#options = options;
    this.#sink = sink;
    this.#parser = replyParser(options);
    this.#exchange = new Exchange(options.idleTimeoutMs, this);
  }

  send(pool: Pool, request: ExchangeRequest): void {
    this.#exchange.send(pool, request);
  }

  /** Closes the connection if the reply is not finished; the sink gets nothing more. Harmless when called again. */
  close(): void {
    this.#state = "over";
    this.#exchange.close();
  }

  opened(status: number, headers: ResponseHeaders): void {
    this.#status = status;
    this.#headers = headers;
    const isRefused = status < 200 || status > 299;
    this.#state = isRefused ? "refused" : "start";
    if (!isRefused) return;
    this.#body = new TextBody(MAX_ERROR_BYTES);
    this.#exchange.endWithin(ERROR_BODY_MS);
  }

  data(bytes: Buffer): void {
    if (this.#state === "start") this.#state = this.#stateAt(startOf(bytes));
    if (this.#state === "events") {
      this.#parser.feed(bytes);
      if (!this.#willDeliver) void NOW.then(this.#deliverRead);
      this.#willDeliver = true;
    } else if (this.#state === "refused" || this.#state === "whole") {
      this.#body.add(bytes);
      if (!this.#body.fits) this.ended(null);
    }
  }

  ended(error: ExchangeError | null): void {
    if (this.#isPaused) {
      this.#ending = { error };
      return;
    }
    const state = this.#state;
    if (state === "over") return;
    if (state === "refused") this.#fail(this.#refusal());
    // A reply with a finish reason is complete, however its connection ends.
    else if (error && !this.#parser.isWhole) this.#fail(error);
    else {
      if (state === "whole") this.#parser.feedWhole(this.#body.text());
      else this.#parser.end();
      this.#deliver();
    }
  }

  /** What the first byte that is not a blank says of the body. */
  #stateAt(start: number | null): "start" | "events" | "whole" | "over" {
    if (start === null) return "start";
    if (start === OPENING_ANGLE) {
      this.#fail(
        failureOfReply({ type: "malformed", problem: "a web page" }, this.#options.identity),
      );
      return "over";
    }
    if (start !== OPENING_BRACE) return "events";
    this.#body = new TextBody(MAX_WHOLE_BYTES);
    return "whole";
  }

  /** One read of the connection may have brought several pieces of the body. */
  readonly #deliverRead = (): void => {
    this.#willDeliver = false;
    this.#deliver();
  };

  #deliver(): void {
    if (this.#isPaused || this.#state === "over") return;
    const parser = this.#parser;
    const isDone = parser.done && parser.fault === null;
    const parts = isDone ? this.#lastParts() : parser.take();
    if (parts.length > 0) {
      const pause = this.#sink.take(parts);
      if (pause) this.#pauseFor(pause);
      if (pause || this.#isOver()) return;
    }
    if (isDone) {
      this.#state = "over";
      this.#sink.end();
    } else if (parser.fault !== null)
      this.#fail(failureOfReply(parser.fault, this.#options.identity));
    else if (parser.isWhole) this.#exchange.endWithin(this.#options.settleMs);
  }

  /** The sink may have closed it. */
  #isOver(): boolean {
    return this.#state === "over";
  }

  #pauseFor(pause: Promise<void>): void {
    this.#isPaused = true;
    this.#exchange.pause();
    void pause.then(() => {
      this.#isPaused = false;
      this.#exchange.resume();
      this.#deliver();
      const ending = this.#ending;
      this.#ending = null;
      if (ending && !this.#isOver()) this.ended(ending.error);
    });
  }

  #lastParts(): readonly ModelPart[] {
    if (this.#hasFinish) return [];
    this.#hasFinish = true;
    const { choices, model, usage } = this.#parser;
    const finishes = choices.map(finishOf);
    const [first = finishOf(NO_ANSWER)] = finishes;
    this.#exchange.drain(this.#options.settleMs);
    const several = this.#options.choices > 1 && { choices: finishes };
    return [...this.#parser.take(), { type: "finish", ...first, ...several, model, usage }];
  }

  #refusal(): Error {
    return failureOfAnswer(
      this.#status,
      parseLoosely(this.#body.text() ?? ""),
      retryAfterMsOf(this.#headers),
      this.#options.identity,
    );
  }

  #fail(error: unknown): void {
    if (this.#isOver()) return;
    this.close();
    this.#sink.end(error);
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
function startOf(bytes: Buffer): number | null {
  for (const byte of bytes) if (byte > 0x20) return byte;
  return null;
}
