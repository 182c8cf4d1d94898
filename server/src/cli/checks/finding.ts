import { AppError } from "../../domain/errors.ts";

/** What a check found. Its words hold no secret. */
export type Finding = {
  readonly check: string;
  /** `warn`: it works, but look at it; `fail`: it does not work. */
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string | null;
};

export const fine = (check: string, message: string): Finding => ({
  check,
  status: "ok",
  message,
  remedy: null,
});

export const warning = (check: string, message: string, remedy: string): Finding => ({
  check,
  status: "warn",
  message,
  remedy,
});

export const failure = (check: string, message: string, remedy: string): Finding => ({
  check,
  status: "fail",
  message,
  remedy,
});

/** The words of an error, for an operator. */
export const wordsOf = (error: unknown): string =>
  error instanceof AppError && error.forOperator !== undefined
    ? error.forOperator
    : error instanceof Error
      ? error.message
      : String(error);
