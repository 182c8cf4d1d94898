import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import type { Usage } from "../../../domain/message.ts";
import type { ModelPart } from "../../../ports/model.ts";
import { ChoiceParser, type ChoiceParserOptions } from "./choice-parser.ts";
import { type Completion, readCompletion } from "./completion.ts";
import { deltaTemplate } from "./delta-template.ts";
import { isObject, type Loose, parseLoosely } from "./loose-json.ts";

/** Far above any reply; it bounds what a provider can make the server hold. */
const MAX_REPLY_CHARACTERS = 8 * 1024 * 1024;

/** Of one answer. */
const MAX_CALLS = 500;

/** The problem with a reply: it contains an error of the provider, or it cannot be parsed. */
export type ReplyFault =
  | { readonly type: "provider_error"; readonly body: unknown }
  | { readonly type: "malformed"; readonly problem: Problem };

type Problem = "not JSON" | "not a reply" | "too long" | "no finish reason" | "a web page";

/**
 * Makes parts of the bytes of a reply. Nothing in it waits or throws: it is fed, and asked.
 */
export type ReplyParser = {
  /** The next bytes of an event stream. */
  feed(bytes: Buffer): void;
  /** A whole reply in plain JSON; null for one that was too long to read. */
  feedWhole(text: string | null): void;
  /** The parts since the last time; neighbours of one type are joined. */
  take(): readonly ModelPart[];
  /** No more will come: lets go of what was held back; a fault if no finish reason has come. */
  end(): void;
  /** Set once; what came before it can still be taken. */
  readonly fault: ReplyFault | null;
  /** It said `[DONE]`, or it ended. */
  readonly done: boolean;
  /** Every answer that was asked for has its finish reason. */
  readonly isWhole: boolean;
  /** The answers that were begun, at least one, in the order in which they are counted. */
  readonly choices: readonly Pick<ChoiceParser, "finishReason" | "hasCalls">[];
  readonly usage: Usage | null;
  readonly model: string | null;
};

export type ReplyParserOptions = ChoiceParserOptions & {
  /** How many answers were asked for. */
  readonly choices: number;
};

export function replyParser(options: ReplyParserOptions): ReplyParser {
  return new Parser(options);
}

class Parser implements ReplyParser {
  fault: ReplyFault | null = null;
  done = false;
  usage: Usage | null = null;
  model: string | null = null;
  readonly choices: ChoiceParser[];
  readonly #first: ChoiceParser;
  #characters = 0;
  readonly #decoder = new StringDecoder("utf8");
  readonly #template;
  readonly #options: ReplyParserOptions;
  readonly #events = createParser({
    onEvent: ({ data, event }) => this.#onEvent(data, event),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") {
        this.#malformed("too long");
        this.#finish();
      } else if (error.field === "error") this.#onEvent(error.value ?? "", "error");
    },
    maxBufferSize: MAX_REPLY_CHARACTERS,
  });

  constructor(options: ReplyParserOptions) {
    this.#options = options;
    this.#template = deltaTemplate(options.choices);
    this.#first = new ChoiceParser(0, options);
    this.choices = [this.#first];
  }

  get isWhole(): boolean {
    return this.choices.length === this.#options.choices && this.#isEnded();
  }

  feed(bytes: Buffer): void {
    if (this.fault === null && !this.done) this.#events.feed(this.#decoder.write(bytes));
  }

  feedWhole(text: string | null): void {
    if (text === null) {
      this.#malformed("too long");
      return;
    }
    const reply = parseLoosely(text);
    if (!isObject(reply)) {
      this.#malformed(typeof reply === "string" ? "not JSON" : "not a reply");
      return;
    }
    this.#onCompletion(reply);
    if (!Array.isArray(reply.choices)) this.#malformed("not a reply");
    // It came whole, so it is finished, even if no reason is given.
    if (this.fault === null) for (const choice of this.choices) choice.finishReason ??= "stop";
    this.#finish();
  }

  take(): readonly ModelPart[] {
    return this.choices.length === 1
      ? this.#first.take()
      : this.choices.flatMap((choice) => choice.take());
  }

  end(): void {
    // Some leave out the blank line after their last event.
    if (this.fault === null && !this.done) this.#events.feed(`${this.#decoder.end()}\n\n`);
    this.#finish();
  }

  #finish(): void {
    if (this.done) return;
    this.done = true;
    for (const choice of this.choices) choice.end();
    // Some give one answer, however many they are asked for.
    if (!this.#isEnded()) this.#malformed("no finish reason");
  }

  #isEnded(): boolean {
    return this.choices.every(({ finishReason }) => finishReason !== null);
  }

  #onEvent(data: string, event: string | undefined): void {
    if (this.fault !== null || this.done) return;
    const learnt = this.#template.read(data);
    if (learnt !== null) {
      if (this.#mayHave(learnt.length)) this.#first.pushPiece(this.#template.type, learnt);
    } else if (data === "[DONE]") this.#finish();
    else if (event === "error") this.#fail({ type: "provider_error", body: parseLoosely(data) });
    else if (data !== "") this.#onUnknownEvent(data);
  }

  #onUnknownEvent(data: string): void {
    const chunk = parseLoosely(data);
    if (isObject(chunk)) this.#template.learn(data, this.#onCompletion(chunk));
    else this.#malformed(typeof chunk === "string" ? "not JSON" : "not a reply");
  }

  #onCompletion(completion: Loose): Completion {
    const said = readCompletion(completion, this.#options.choices);
    if (said.error !== null) this.#fail({ type: "provider_error", body: said.error });
    for (const one of said.choices) {
      const hasFailed = one.finishReason === "error";
      const choice = this.#choiceOf(one.index);
      const characters = choice.push(hasFailed ? { ...one, finishReason: null } : one);
      if (!this.#mayHave(characters) || choice.callCount > MAX_CALLS) this.#malformed("too long");
      if (hasFailed) this.#fail({ type: "provider_error", body: null });
    }
    this.usage = said.usage ?? this.usage;
    this.model ??= said.model;
    return said;
  }

  #choiceOf(index: number): ChoiceParser {
    for (let place = this.choices.length; place <= index; place++)
      this.choices.push(new ChoiceParser(place, this.#options));
    return this.choices[index] ?? this.#first;
  }

  #mayHave(characters: number): boolean {
    this.#characters += characters;
    if (this.#characters <= MAX_REPLY_CHARACTERS) return true;
    this.#malformed("too long");
    return false;
  }

  #malformed(problem: Problem): void {
    this.#fail({ type: "malformed", problem });
  }

  /** Once a finish reason came, the reply is whole, whatever follows it. */
  #fail(fault: ReplyFault): void {
    if (!this.isWhole) this.fault ??= fault;
  }
}
