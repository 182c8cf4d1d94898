import type { Call } from "../chat/steps/steps-in.ts";

/** What a model has remembered or forgotten by a call. */
export type MemoryOfCall = {
  readonly id: string;
  readonly text: string;
  readonly isForgotten: boolean;
};

/** Null: nothing was remembered or forgotten by that call. */
export function memoryIn({ result }: Pick<Call, "result">): MemoryOfCall | null {
  if (result?.outcome !== "ok") return null;
  const told = objectIn(result.text);
  const text = told.remembered ?? told.forgotten;
  if (typeof text !== "string" || typeof told.id !== "string") return null;
  return { id: told.id, text, isForgotten: told.remembered === undefined };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
