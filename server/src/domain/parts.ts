import type { StoredFile } from "./file.ts";

/** A file that is stored apart from the message. */
export type FileRef = Pick<StoredFile, "id" | "name" | "mediaType" | "bytes">;

/** How a tool's call ended: it gave a result, it failed, a person declined it, or nobody knows. */
export const TOOL_OUTCOMES = ["ok", "failed", "declined", "unknown"] as const;
export type ToolOutcome = (typeof TOOL_OUTCOMES)[number];

/** Whose tools the model is offered: those of whoever sent the request, whose arguments are JSON, or any text. */
export const CLIENT_TOOLS = "client";
export const CUSTOM_TOOLS = "custom";

/**
 * What a message consists of, in order. Only the last part grows; a part with another one behind it is final.
 * Neighbours of text, or of reasoning, are one part, and no part of them is empty.
 */
export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly callId: string;
      /** Whose tool it is: CLIENT_TOOLS, CUSTOM_TOOLS. */
      readonly source: string;
      readonly name: string;
      /** As the model writes them: JSON once the part is final, and nothing certain before. */
      readonly arguments: string;
    }
  | {
      readonly type: "tool_result";
      readonly callId: string;
      readonly outcome: ToolOutcome;
      readonly text: string;
    }
  | { readonly type: "file"; readonly file: FileRef }
  /** Belongs to the words before it: `from` and `to` count in `textOf`. */
  | {
      readonly type: "citation";
      readonly title: string;
      /** Where it is to be read: an address, or the id of a file. */
      readonly url: string | null;
      readonly fileId: string | null;
      readonly quote: string;
      readonly from: number;
      readonly to: number;
    }
  /** What the model said instead of an answer. */
  | { readonly type: "refusal"; readonly text: string };
export type PartType = Part["type"];

/**
 * One step of growth. `position` is the length of the message after it, and `index` the place of its part. A part of
 * text or reasoning has no `open`: its first `grow` opens it. The part of an `open` has no text of its own yet.
 */
export type PartDelta =
  | {
      readonly type: "open";
      readonly position: number;
      readonly index: number;
      readonly part: Part;
    }
  | {
      readonly type: "grow";
      readonly position: number;
      readonly index: number;
      readonly of: PartType;
      readonly text: string;
    };

/** Whether such a part grows; a file and a citation are whole when they come. */
export const takesText = (type: PartType): boolean => type !== "file" && type !== "citation";

/** What of a part grows; "" for a part that is whole when it comes. */
export function textIn(part: Part): string {
  if (part.type === "tool_call") return part.arguments;
  return part.type === "file" || part.type === "citation" ? "" : part.text;
}

/** The part with that as its text; one that is whole when it comes stays as it is. */
export const withText = (part: Part, text: string): Part => {
  if (part.type === "tool_call") return { ...part, arguments: text };
  return part.type === "file" || part.type === "citation" ? part : { ...part, text };
};

/** Whether the type says all that opens such a part; every other part has a head, which counts as one. */
export const isHeadless = (type: PartType): type is "text" | "reasoning" =>
  type === "text" || type === "reasoning";

const headOf = ({ type }: Part): 0 | 1 => (isHeadless(type) ? 0 : 1);

/** In positions: one for the head of a part that has one, and the UTF-16 code units of its text. */
export const lengthOf = (part: Part): number => headOf(part) + textIn(part).length;

export const lengthOfAll = (parts: readonly Part[]): number =>
  parts.reduce((length, part) => length + lengthOf(part), 0);

/** Whether the words of the message are in such a part. A refusal is what its reader is told. */
export const hasWords = (type: PartType): boolean => type === "text" || type === "refusal";

/** The words of the message, which is all that wires of text alone, search and titles see. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (hasWords(part.type) ? textIn(part) : "")).join("");

/** What the model thought, all of it joined. */
export const reasoningOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === "reasoning" ? part.text : "")).join("");

/** The message with that part behind it; text joins text before it, and reasoning likewise. */
export function append(parts: readonly Part[], added: Part): Part[] {
  if (!isHeadless(added.type)) return [...parts, added];
  if (textIn(added) === "") return [...parts];
  return parts.at(-1)?.type === added.type ? grow(parts, textIn(added)) : [...parts, added];
}

/** The message with more text in its last part. */
export function grow(parts: readonly Part[], text: string): Part[] {
  const last = parts.at(-1);
  return last ? [...parts.slice(0, -1), withText(last, textIn(last) + text)] : [];
}

/** The message as it was when it had that length. */
export function cutAt(parts: readonly Part[], position: number): Part[] {
  const kept: Part[] = [];
  let left = position;
  for (const part of parts) {
    if (left <= 0) break;
    const length = lengthOf(part);
    kept.push(left >= length ? part : withText(part, textIn(part).slice(0, left - headOf(part))));
    left -= length;
  }
  return kept;
}

/** What came after the message had that length. */
export function after(parts: readonly Part[], position: number): PartDelta[] {
  const deltas: PartDelta[] = [];
  let start = 0;
  for (const [index, part] of parts.entries()) {
    deltas.push(...deltasOf(part, index, start, position));
    start += lengthOf(part);
  }
  return deltas;
}

/**
 * The same of one part.
 * @param start the length of all before it
 */
export function deltasOf(part: Part, index: number, start: number, position: number): PartDelta[] {
  const end = start + lengthOf(part);
  if (end <= position) return [];
  const head = headOf(part);
  const isOpened = head === 1 && position <= start;
  const rest = textIn(part).slice(Math.max(0, position - start - head));
  return [
    ...(isOpened
      ? [{ type: "open", position: start + 1, index, part: withText(part, "") } as const]
      : []),
    ...(rest ? [{ type: "grow", position: end, index, of: part.type, text: rest } as const] : []),
  ];
}

/** What a watcher makes of a step. */
export function apply(parts: readonly Part[], delta: PartDelta): Part[] {
  if (delta.type === "open") return [...parts, delta.part];
  const { of, text } = delta;
  return isHeadless(of) ? append(parts, { type: of, text }) : grow(parts, text);
}

/** Of steps that follow each other, what comes after that position. */
export const stepsAfter = (steps: readonly PartDelta[], position: number): PartDelta[] =>
  steps.flatMap((step): PartDelta[] => {
    if (step.position <= position) return [];
    if (step.type === "open") return [step];
    const missing = Math.min(step.text.length, step.position - position);
    return [{ ...step, text: step.text.slice(step.text.length - missing) }];
  });

/** The length that the message had when so many characters of its words had been said. */
export function positionOfText(parts: readonly Part[], characters: number): number {
  let position = 0;
  let left = characters;
  for (const part of parts) {
    if (left <= 0) break;
    const length = lengthOf(part);
    if (hasWords(part.type)) {
      const text = length - headOf(part);
      position += headOf(part) + Math.min(left, text);
      left -= text;
    } else position += length;
  }
  return position;
}

/** The message up to so many characters of its words; what came before the first of them stays. */
export function cutAtText(parts: readonly Part[], characters: number): Part[] {
  const first = parts.findIndex((part) => hasWords(part.type));
  const before = lengthOfAll(first < 0 ? parts : parts.slice(0, first));
  return cutAt(parts, Math.max(before, positionOfText(parts, characters)));
}
