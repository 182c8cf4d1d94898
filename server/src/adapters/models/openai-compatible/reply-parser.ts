import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import type { Usage } from "../../../domain/message.ts";
import type { ModelPart } from "../../../ports/model.ts";
import { type Completion, readCompletion } from "./completion.ts";
import { deltaTemplate } from "./delta-template.ts";
import { isObject, type Loose, parseLoosely } from "./loose-json.ts";
import { type PieceSink, type PieceType, textCleaner, thinkSplitter } from "./text.ts";
import { type CallPiece, callOrder } from "./tool-calls.ts";

/** Far above any reply; it bounds what a provider can make the server hold. */
const MAX_REPLY_CHARACTERS = 8 * 1024 * 1024;

/** Of one reply. */
const MAX_CALLS = 500;

/** What is wrong with a reply: the provider's own error in it, or that it cannot be understood. */
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
  /** Null while the provider has not given a reason. */
  readonly finishReason: string | null;
  /** Whether it asked for a tool. */
  readonly hasCalls: boolean;
  readonly usage: Usage | null;
  readonly model: string | null;
};

export type ReplyParserOptions = {
  readonly thinkTags: boolean;
  /** Whether a tool was offered; calls of what nobody offered are left out. */
  readonly calls: boolean;
};

export function replyParser(options: ReplyParserOptions): ReplyParser {
  return new Parser(options);
}

class Parser implements ReplyParser {
  fault: ReplyFault | null = null;
  done = false;
  finishReason: string | null = null;
  usage: Usage | null = null;
  model: string | null = null;
  #characters = 0;
  /** Joined until the type changes or somebody takes them. */
  #pending = "";
  #pendingType: PieceType = "text";
  #parts: ModelPart[] = [];
  readonly #decoder = new StringDecoder("utf8");
  readonly #cleaners = {
    text: textCleaner(),
    reasoning: textCleaner(),
    refusal: textCleaner(),
  } as const satisfies Record<PieceType, unknown>;
  readonly #calls = callOrder();
  /** What was said after the first call, which may still grow. */
  #afterCalls: ModelPart[] = [];
  readonly #template = deltaTemplate();
  readonly #splitter;
  readonly #readsCalls: boolean;
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

  get hasCalls(): boolean {
    return this.#calls.isBegun;
  }

  constructor({ thinkTags, calls }: ReplyParserOptions) {
    this.#splitter = thinkTags ? thinkSplitter() : null;
    this.#readsCalls = calls;
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
    if (this.fault === null) this.finishReason ??= "stop";
    this.#finish();
  }

  take(): readonly ModelPart[] {
    this.#flush();
    if (this.#parts.length === 0) return NOTHING;
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  end(): void {
    // Some leave out the blank line after their last event.
    if (this.fault === null && !this.done) this.#events.feed(`${this.#decoder.end()}\n\n`);
    this.#finish();
  }

  #finish(): void {
    if (this.done) return;
    this.done = true;
    this.#splitter?.end(this.#append);
    this.#flush();
    for (const type of ["reasoning", "text", "refusal"] as const)
      this.#give(type, this.#cleaners[type].end());
    this.#calls.end(this.#givePart);
    this.#parts.push(...this.#afterCalls.splice(0));
    this.#malformed("no finish reason");
  }

  #onEvent(data: string, event: string | undefined): void {
    if (this.fault !== null || this.done) return;
    const learnt = this.#template.read(data);
    if (learnt !== null) this.#onPiece(this.#template.type, learnt);
    else if (data === "[DONE]") this.#finish();
    else if (event === "error") this.#fail({ type: "provider_error", body: parseLoosely(data) });
    else if (data !== "") this.#onUnknownEvent(data);
  }

  #onUnknownEvent(data: string): void {
    const chunk = parseLoosely(data);
    if (isObject(chunk)) this.#template.learn(data, this.#onCompletion(chunk));
    else this.#malformed(typeof chunk === "string" ? "not JSON" : "not a reply");
  }

  #onCompletion(completion: Loose): Completion {
    const said = readCompletion(completion);
    for (const { type, text } of said.pieces) this.#onPiece(type, text);
    if (this.#readsCalls) for (const call of said.calls) this.#onCall(call);
    if (said.error !== null) this.#fail({ type: "provider_error", body: said.error });
    if (said.finishReason === "error") this.#fail({ type: "provider_error", body: null });
    else if (this.fault === null) this.finishReason = said.finishReason ?? this.finishReason;
    this.usage = said.usage ?? this.usage;
    this.model ??= said.model;
    return said;
  }

  readonly #onPiece: PieceSink = (type, text) => {
    if (type === "text" && this.#splitter !== null) this.#splitter.push(text, this.#append);
    else this.#append(type, text);
  };

  #onCall(call: CallPiece): void {
    this.#characters += call.id.length + call.name.length + call.text.length + 1;
    const isTooLong = this.#characters > MAX_REPLY_CHARACTERS || this.#calls.count > MAX_CALLS;
    if (isTooLong) this.#malformed("too long");
    else {
      this.#flush();
      this.#calls.push(call, this.#givePart);
    }
  }

  readonly #givePart = (part: ModelPart): void => {
    this.#parts.push(part);
  };

  readonly #append = (type: PieceType, text: string): void => {
    this.#characters += text.length;
    if (this.#characters > MAX_REPLY_CHARACTERS) {
      this.#malformed("too long");
      return;
    }
    if (this.#pendingType !== type) {
      this.#flush();
      this.#pendingType = type;
    }
    this.#pending += text;
  };

  #flush(): void {
    const type = this.#pendingType;
    if (this.#pending === "") return;
    this.#give(type, this.#cleaners[type].push(this.#pending));
    this.#pending = "";
  }

  #give(type: PieceType, text: string): void {
    if (text !== "") (this.hasCalls ? this.#afterCalls : this.#parts).push({ type, text });
  }

  #malformed(problem: Problem): void {
    this.#fail({ type: "malformed", problem });
  }

  /** Once a finish reason came, the reply is whole, whatever follows it. */
  #fail(fault: ReplyFault): void {
    if (this.finishReason === null) this.fault ??= fault;
  }
}

const NOTHING: readonly ModelPart[] = [];
