import type { Pace } from "../../domain/turns-of-the-loop.ts";

const REPLACEMENT = "\u{fffd}";

/** The text with U+FFFD for what cannot be stored: NUL, and halves of surrogate pairs. */
const repairedText = (text: string): string => {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", REPLACEMENT) : wellFormed;
};

/** Whether JSON may hold such a character: it cannot but be written as an escape. */
const MAY_NEED_REPAIR = /\\u(?:0000|d[89a-f])/i;

/** Why the JSON could not be parsed, to a person. @throws the error itself, when it is another one */
export function parsingProblem(error: unknown): string {
  if (error instanceof SyntaxError) return "it is not JSON";
  if (error instanceof RangeError) return "it is nested too deeply";
  throw error;
}

/** Parses JSON. @param onRepair called for each text that was repaired. @throws SyntaxError, RangeError */
export function parseRepaired(json: string, onRepair: () => void): unknown {
  const value: unknown = JSON.parse(json);
  return MAY_NEED_REPAIR.test(json) ? repaired(value, onRepair) : value;
}

/** The value with every text in it storable, in pieces. What needs no repair is given as it is. */
export async function repairedInPieces(value: unknown, pace: Pace): Promise<unknown> {
  if (typeof value === "string") return repairedText(value);
  if (!isContainer(value)) return value;
  const repairs: (readonly [name: string | number, item: unknown])[] = [];
  const items = Array.isArray(value) ? value.entries() : Object.entries(value as object);
  for (const [name, item] of items) {
    if (pace.isDue()) await pace.pause();
    const isPlain = typeof item === "string" ? repairedText(item) === item : !isContainer(item);
    if (isPlain) continue;
    const whole = await repairedInPieces(item, pace);
    if (whole !== item) repairs.push([name, whole]);
  }
  if (repairs.length === 0) return value;
  return Object.assign(
    Array.isArray(value) ? [...value] : { ...(value as object) },
    Object.fromEntries(repairs),
  );
}

const isContainer = (value: unknown): boolean => typeof value === "object" && value !== null;

/** The value with every text in it storable. @param onRepair called for each that was not */
function repaired(value: unknown, onRepair: () => void): unknown {
  if (typeof value === "string") {
    const text = repairedText(value);
    if (text !== value) onRepair();
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => repaired(item, onRepair));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, repaired(item, onRepair)]),
  );
}
