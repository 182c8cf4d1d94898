import type { ModelPart, TokenLogprobs } from "../../../ports/model.ts";
import type { ChoiceSaid } from "./completion.ts";
import { type PieceSink, type PieceType, textCleaner, thinkSplitter } from "./text.ts";
import { callOrder } from "./tool-calls.ts";

type Saying = Exclude<ModelPart, { type: "finish" }>;

export type ChoiceParserOptions = {
  readonly thinkTags: boolean;
  /** Whether a tool was offered; calls of what nobody offered are left out. */
  readonly calls: boolean;
};

/** Makes parts of what is said of one answer. Nothing in it waits or throws. */
export class ChoiceParser {
  /** Null while the provider has not given a reason. */
  finishReason: string | null = null;
  readonly #index: number;
  /** Joined until the type changes or somebody takes them. */
  #pending = "";
  #pendingType: PieceType = "text";
  #logprobs: TokenLogprobs = NOTHING;
  #parts: ModelPart[] = [];
  readonly #cleaners = {
    text: textCleaner(),
    reasoning: textCleaner(),
    refusal: textCleaner(),
  } as const satisfies Record<PieceType, unknown>;
  readonly #calls = callOrder();
  /** The text after the first call, which may still grow. */
  #afterCalls: ModelPart[] = [];
  readonly #splitter;
  readonly #readsCalls: boolean;

  /** @param index its place among several answers */
  constructor(index: number, { thinkTags, calls }: ChoiceParserOptions) {
    this.#index = index;
    this.#splitter = thinkTags ? thinkSplitter() : null;
    this.#readsCalls = calls;
  }

  /** Whether it asked for a tool. */
  get hasCalls(): boolean {
    return this.#calls.isBegun;
  }

  /** How many calls it has made, those that are held back included. */
  get callCount(): number {
    return this.#calls.count;
  }

  /** @returns how many characters that says */
  push({ pieces, calls, logprobs, finishReason }: ChoiceSaid): number {
    let characters = 0;
    for (const { type, text } of pieces) {
      characters += text.length;
      this.pushPiece(type, text);
    }
    if (logprobs.length > 0) this.#logprobs = [...this.#logprobs, ...logprobs];
    if (this.#readsCalls)
      for (const call of calls) {
        characters += call.id.length + call.name.length + call.text.length + 1;
        this.#flush();
        this.#calls.push(call, this.#givePart);
      }
    this.finishReason = finishReason ?? this.finishReason;
    return characters;
  }

  pushPiece(type: PieceType, text: string): void {
    if (type === "text" && this.#splitter !== null) this.#splitter.push(text, this.#append);
    else this.#append(type, text);
  }

  /** The parts since the last time; neighbours of one type are joined. */
  take(): readonly ModelPart[] {
    this.#flush();
    if (this.#parts.length === 0) return NOTHING;
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** No more will come: lets go of what was held back. */
  end(): void {
    this.#splitter?.end(this.#append);
    this.#flush();
    for (const type of ["reasoning", "text", "refusal"] as const)
      this.#give(type, this.#cleaners[type].end());
    this.#calls.end(this.#givePart);
    this.#parts.push(...this.#afterCalls.splice(0));
  }

  readonly #givePart = (part: Saying): void => {
    this.#parts.push(this.#index > 0 ? { ...part, choice: this.#index } : part);
  };

  readonly #append: PieceSink = (type, text) => {
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
    if (text === "") return;
    const part: Saying = { type, text };
    const told = this.#index > 0 ? { ...part, choice: this.#index } : part;
    (this.hasCalls ? this.#afterCalls : this.#parts).push(this.#withLogprobs(told));
  }

  #withLogprobs(part: Saying): Saying {
    if (this.#logprobs.length === 0) return part;
    if (part.type !== "text" && part.type !== "refusal") return part;
    const logprobs = this.#logprobs;
    this.#logprobs = NOTHING;
    return { ...part, logprobs };
  }
}

const NOTHING: readonly never[] = [];
