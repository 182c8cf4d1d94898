// An answer that nothing keeps as lines of JSON, as one replica tells it to another.
import { AppError, type ErrorDetails, toAppError } from "../../domain/errors.ts";
import type { SharedEvent } from "./shared-answer.ts";

/** What is known of an answer from its beginning on. */
export type AnswerHead = {
  /** A UUID. */
  readonly id: string;
  /** The name of the model until its provider says better. */
  readonly model: string;
  readonly createdAt: Date;
};

type TellableDetails = Pick<
  ErrorDetails,
  "field" | "retryAfterMs" | "isUnknownModel" | "isTooLong" | "isLasting"
>;

type ErrorLine = {
  readonly code: AppError["code"];
  readonly message: string;
  readonly details: TellableDetails;
};

/** Times are in milliseconds. Both sides are this file: replicas that run different versions have no answers in common. */
type Line =
  | { readonly head: Omit<AnswerHead, "createdAt"> & { readonly createdAt: number } }
  | { readonly event: unknown; readonly error: ErrorLine | null; readonly endedAt: number | null }
  | { readonly thrown: ErrorLine };

export const headLine = ({ id, model, createdAt }: AnswerHead): string =>
  lineOf({ head: { id, model, createdAt: createdAt.getTime() } });

export function eventLine(event: SharedEvent): string {
  if (event.type !== "ended") return lineOf({ event, error: null, endedAt: null });
  const { outcome, endedAt } = event;
  const { error } = outcome;
  return lineOf({
    event: { type: "ended", outcome: { ...outcome, error: null } },
    error: error && errorLine(error),
    endedAt: endedAt.getTime(),
  });
}

export const thrownLine = (error: unknown): string =>
  lineOf({ thrown: errorLine(toAppError(error)) });

/** @throws AppError what the answer threw where it was made */
export function headIn(text: string): AnswerHead {
  const line = lineIn(text);
  if (!("head" in line)) throw misunderstood();
  return { ...line.head, createdAt: new Date(line.head.createdAt) };
}

/** @throws AppError what the answer threw where it was made */
export function eventIn(text: string): SharedEvent {
  const line = lineIn(text);
  if (!("event" in line)) throw misunderstood();
  const { event, error, endedAt } = line;
  const told = event as SharedEvent;
  if (told.type !== "ended") return told;
  return {
    type: "ended",
    outcome: { ...told.outcome, error: error && errorOf(error) },
    endedAt: new Date(endedAt ?? 0),
  };
}

const lineOf = (line: Line): string => JSON.stringify(line);

function lineIn(text: string): Exclude<Line, { thrown: unknown }> {
  const line = JSON.parse(text) as Line;
  if ("thrown" in line) throw errorOf(line.thrown);
  return line;
}

const errorLine = ({
  code,
  message,
  field,
  retryAfterMs,
  isUnknownModel,
  isTooLong,
  isLasting,
}: AppError): ErrorLine => ({
  code,
  message,
  details: {
    ...(field !== undefined && { field }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...{ isUnknownModel, isTooLong, isLasting },
  },
});

const errorOf = ({ code, message, details }: ErrorLine): AppError =>
  new AppError(code, message, details);

const misunderstood = (): AppError =>
  new AppError("unavailable", "Another server has the answer in a form of its own. Ask again");
