import { AppError } from "../../domain/errors.ts";

/** The result of a check. Its text contains no secret. */
export type Finding = {
  readonly check: string;
  /** `warn` means that it works but needs attention, `fail` that it does not work. */
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** The action that solves the problem. */
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

/** The message of an error, for an operator. */
export const wordsOf = (error: unknown): string =>
  error instanceof AppError && error.forOperator !== undefined
    ? error.forOperator
    : error instanceof Error
      ? error.message
      : String(error);
