import { AppError, speechUnavailable } from "../../../domain/errors.ts";
import type { EngineWords } from "./settings.ts";

/** A failure, and whether the same request may well succeed a moment later. */
export class AudioFailure extends Error {
  readonly appError: AppError;
  readonly isRetryable: boolean;
  constructor(appError: AppError, isRetryable: boolean) {
    super(appError.message, { cause: appError });
    this.appError = appError;
    this.isRetryable = isRetryable;
  }
}

/**
 * An answer that is not 2xx, which tells the operator the setting to look at. What the server wrote goes
 * into the cause only: it may quote a key.
 */
export const failureOfStatus = (
  words: EngineWords,
  status: number,
  body: string,
  retryAfterMs: number | undefined,
): AudioFailure => {
  const cause = new Error(`HTTP ${status}: ${body.slice(0, 500)}`);
  const { title, sense, settings } = words;
  const details = retryAfterMs === undefined ? { cause } : { cause, retryAfterMs };
  const saying = (what: string) => `The ${title} ${what} (HTTP ${status})`;
  const fail = (code: "unavailable" | "model_failed", what: string) =>
    new AudioFailure(speechUnavailable(code, sense, saying(what), details), false);
  const pass = (what: string) =>
    new AudioFailure(new AppError("unavailable", saying(what), details), true);
  if (status === 401 || status === 403)
    return fail("unavailable", `refused its key: check ${settings}_API_KEY`);
  if (status === 404)
    return fail(
      "unavailable",
      `has no such address or model: check ${settings}_BASE_URL and ${settings}_MODEL`,
    );
  if (status === 429) return pass("is asked too often at the moment");
  if (status >= 500 || status === 408) return pass("failed");
  const looked = settings === "TTS" ? "TTS_MODEL and TTS_VOICE" : "STT_MODEL";
  return fail("model_failed", `refused the request: check ${looked}`);
};

/** A connection that failed, or an answer that came too late. */
export const failureOfConnection = (words: EngineWords, cause: unknown): AudioFailure => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const isLate = typeof code === "string" && code.endsWith("_TIMEOUT");
  const what = isLate ? "did not answer in time" : "cannot be reached";
  const forOperator = `The ${words.title} ${what}: check ${words.settings}_BASE_URL`;
  return new AudioFailure(
    speechUnavailable("unavailable", words.sense, forOperator, { cause }),
    !isLate,
  );
};

/** An answer that makes no sense; `what` continues "The speech recogniser …". */
export const failureOfAnswer = (words: EngineWords, what: string, cause?: unknown): AudioFailure =>
  new AudioFailure(
    speechUnavailable(
      "model_failed",
      words.sense,
      `The ${words.title} ${what}: check ${words.settings}_BASE_URL and ${words.settings}_MODEL`,
      { cause },
    ),
    false,
  );

/** For the port: an AppError, whatever it was. */
export const toEngineError = (words: EngineWords, error: unknown): AppError => {
  if (error instanceof AudioFailure) return error.appError;
  if (error instanceof AppError) return error;
  return failureOfConnection(words, error).appError;
};
