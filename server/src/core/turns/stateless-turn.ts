import type { AppError } from "../../domain/errors.ts";
import type { Usage } from "../../domain/message.ts";
import type { Finish, ModelPart, ModelSettings, PromptMessage } from "../../ports/model.ts";

/** A question to a model of which nothing is kept. */
export type AskModelOnce = {
  /** The whole of what the model is told. */
  readonly messages: readonly PromptMessage[];
  /** As the client named it; null: the default. */
  readonly model: string | null;
  /** 0 to 2; null: the provider's default. */
  readonly temperature: number | null;
  readonly settings?: ModelSettings;
  /** The wire it came through, for metrics. */
  readonly origin: string;
};

/** What became of a turn that nothing keeps. */
export type AskedOutcome = {
  readonly model: string;
  /** As the provider counted; null: it did not. */
  readonly usage: Usage | null;
  /** How each answer ended, by its choice. Empty where the turn failed or was stopped. */
  readonly finishes: readonly Finish[];
  /** Why it failed; null for a turn that was whole, or that its caller stopped. */
  readonly error: AppError | null;
};

/** What comes of a turn that nothing keeps, in order; the last is its one ending. */
export type AskedEvent =
  | Exclude<ModelPart, { type: "finish" }>
  | { readonly type: "ended"; readonly outcome: AskedOutcome };

/** A turn of which nothing is written anywhere: not in the store, the log, or to other replicas. */
export type StatelessTurn = {
  /** A UUID. */
  readonly id: string;
  /** The name of the model until its provider says better. */
  readonly model: string;
  /**
   * The answer as it comes, for one reader; the provider is read no faster than that. When the signal is aborted, or the
   * reader goes away, the request at the provider is ended.
   * @throws AppError at the first step, where the turn fails before anything was said; what fails later is in the ending
   */
  follow(signal: AbortSignal): AsyncIterable<AskedEvent>;
  /** Ends the request at the provider; the reader gets the ending. */
  stop(): void;
  /** Resolves when the turn has ended; never rejects. */
  readonly ending: Promise<void>;
};
