import { isMoment } from "../../domain/time.ts";

/** Readers for foreign JSON, of which nothing is certain. */
export type Loose = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const objectOrEmpty = (value: unknown): Loose => (isObject(value) ? value : {});

export const textOrNull = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** From a text or a number. */
export const idOrNull = (value: unknown): string | null =>
  typeof value === "number" ? String(value) : textOrNull(value);

export const listOrEmpty = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : [];

/** From seconds since 1970, with a fraction; null for anything else, and outside the years 1970 to 9999. */
export function timeOrNull(value: unknown): Date | null {
  if (typeof value !== "number" || value <= 0 || !isMoment(value * 1000)) return null;
  return new Date(Math.round(value * 1000));
}
