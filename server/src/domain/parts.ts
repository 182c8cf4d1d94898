import type { StoredFile } from "./file.ts";

/** A file that is stored apart from the message. */
export type FileRef = Pick<StoredFile, "id" | "name" | "mediaType" | "bytes">;

/** How a tool call ended: with a result, with a failure, declined by a person, or unknown. */
export const TOOL_OUTCOMES = ["ok", "failed", "declined", "unknown"] as const;
export type ToolOutcome = (typeof TOOL_OUTCOMES)[number];

/** The tools that the client of the request runs itself. Their arguments are JSON, or any text for custom tools. */
export const CLIENT_TOOLS = "client";
export const CUSTOM_TOOLS = "custom";

/**
 * A part of a message. Only the last part of a message grows; a part that is followed by another one is final.
 * Adjacent parts of text are always joined, and so are adjacent parts of reasoning. Neither kind is ever empty.
 */
export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly callId: string;
      /** The source of the tool: CLIENT_TOOLS, CUSTOM_TOOLS, or where a tool of the server's comes from. */
      readonly source: string;
      readonly name: string;
      /** The arguments as the model writes them. They are JSON once the part is final, and may be anything before that. */
      readonly arguments: string;
    }
  | {
      readonly type: "tool_result";
      readonly callId: string;
      readonly outcome: ToolOutcome;
      readonly text: string;
    }
  | { readonly type: "file"; readonly file: FileRef }
  /** A citation belongs to the words before it. `from` and `to` are offsets in `textOf`. */
  | {
      readonly type: "citation";
      readonly title: string;
      /** The place of the source: a URL or the id of a file. */
      readonly url: string | null;
      readonly fileId: string | null;
      readonly quote: string;
      readonly from: number;
      readonly to: number;
    }
  /** The words with which the model refused to answer. */
  | { readonly type: "refusal"; readonly text: string };
export type PartType = Part["type"];

/**
 * One step of growth. `position` is the length of the message after the step, and `index` is the index of its part. A
 * part of text or reasoning has no `open` step, because its first `grow` opens it. The part in an `open` step has no text yet.
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

/** Whether parts of this type grow. Files and citations are complete from the beginning. */
export const takesText = (type: PartType): boolean => type !== "file" && type !== "citation";

/** The text of a part that grows; "" for a part that is complete from the beginning. */
export function textIn(part: Part): string {
  if (part.type === "tool_call") return part.arguments;
  return part.type === "file" || part.type === "citation" ? "" : part.text;
}

/** The part with another text. A part that is complete from the beginning is returned unchanged. */
export const withText = (part: Part, text: string): Part => {
  if (part.type === "tool_call") return { ...part, arguments: text };
  return part.type === "file" || part.type === "citation" ? part : { ...part, text };
};

/** Whether the type alone opens such a part. Every other part has a head, which counts as one position. */
export const isHeadless = (type: PartType): type is "text" | "reasoning" =>
  type === "text" || type === "reasoning";

const headOf = ({ type }: Part): 0 | 1 => (isHeadless(type) ? 0 : 1);

/** The length of a part in positions: one for its head, if it has one, and one for each UTF-16 code unit of its text. */
export const lengthOf = (part: Part): number => headOf(part) + textIn(part).length;

export const lengthOfAll = (parts: readonly Part[]): number =>
  parts.reduce((length, part) => length + lengthOf(part), 0);

/** Whether the text of such a part belongs to the words of the message. A refusal does, since its reader sees it. */
export const hasWords = (type: PartType): boolean => type === "text" || type === "refusal";

/** The words of the message, which are all that wires without parts, search and titles see. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (hasWords(part.type) ? textIn(part) : "")).join("");

/** The reasoning of the model as one text. */
export const reasoningOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === "reasoning" ? part.text : "")).join("");

/** The message with one more part. Text is joined to text before it, and reasoning to reasoning. */
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

/** The message as it was at that length. */
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

/** The growth of the message after that length. */
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
 * The growth of one part after that length.
 * @param start the length of all parts before it
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

/** The parts of a watcher after it has applied a step. */
export function apply(parts: readonly Part[], delta: PartDelta): Part[] {
  if (delta.type === "open") return [...parts, delta.part];
  const { of, text } = delta;
  return isHeadless(of) ? append(parts, { type: of, text }) : grow(parts, text);
}

/** The rest of consecutive steps after that position. */
export const stepsAfter = (steps: readonly PartDelta[], position: number): PartDelta[] =>
  steps.flatMap((step): PartDelta[] => {
    if (step.position <= position) return [];
    if (step.type === "open") return [step];
    const missing = Math.min(step.text.length, step.position - position);
    return [{ ...step, text: step.text.slice(step.text.length - missing) }];
  });

/** The length of the message at the point where this number of characters of its words had been written. */
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

/** The message cut to this number of characters of its words. Parts before the first word are kept. */
export function cutAtText(parts: readonly Part[], characters: number): Part[] {
  const first = parts.findIndex((part) => hasWords(part.type));
  const before = lengthOfAll(first < 0 ? parts : parts.slice(0, first));
  return cutAt(parts, Math.max(before, positionOfText(parts, characters)));
}
