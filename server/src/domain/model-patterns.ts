import { AppError } from "./errors.ts";
import { checkName } from "./text.ts";

/** Names of models in which `*` matches any characters. */
export type ModelPatterns = readonly string[];

export const MAX_MODEL_PATTERNS = 100;

/** Whether one of the names matches one of the patterns. The time is proportional to their lengths for any input. */
export const isMeantBy = (names: readonly string[], patterns: ModelPatterns): boolean =>
  patterns.some((pattern) => names.some((name) => matches(name, pattern)));

export const isPattern = (name: string): boolean => name.includes("*");

function matches(name: string, pattern: string): boolean {
  const [start = "", ...others] = pattern.split("*");
  const end = others.pop();
  if (end === undefined) return name === pattern;
  if (!name.startsWith(start)) return false;
  let position = start.length;
  for (const part of others) {
    const found = name.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return name.length - end.length >= position && name.endsWith(end);
}

/** @throws AppError invalid_request */
export function checkPatterns(patterns: ModelPatterns, field: string): void {
  if (patterns.length === 0)
    throw new AppError(
      "invalid_request",
      `${field} must name a model, or be left out to allow every model of the server`,
      { field },
    );
  if (patterns.length > MAX_MODEL_PATTERNS)
    throw new AppError("invalid_request", `${field}: at most ${MAX_MODEL_PATTERNS} names`, {
      field,
    });
  for (const pattern of patterns) {
    checkName(pattern, field);
    if (pattern.includes(",") || pattern.trim() !== pattern)
      throw new AppError(
        "invalid_request",
        `${field}: '${pattern}' is not the name of a model; write each name by itself, such as openai/gpt-4o*`,
        { field },
      );
  }
}
