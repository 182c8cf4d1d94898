import {
  deltasOf,
  isHeadless,
  lengthOf,
  type Part,
  type PartDelta,
  type PartType,
  takesText,
  textIn,
  withText,
} from "./parts.ts";

/**
 * A message that is being written. It gives the same results as `append`, `grow` and `after` of parts.ts at a cost that
 * does not depend on its length, because the text of the growing part is kept in the pieces in which it arrived.
 */
export type GrowingParts = {
  /** Same as `lengthOfAll`. */
  readonly length: number;
  /** The number of parts. */
  readonly count: number;
  /** The type of the growing part; null before the first part. */
  readonly last: PartType | null;
  types(): PartType[];
  /** Same as `append`. */
  add(part: Part): void;
  /** Same as `grow`; it has no effect on a message without parts. */
  grow(text: string): void;
  /** Calls `add` or `grow` for a step from another copy of the message. */
  apply(delta: PartDelta): void;
  /** Same as `after`. */
  after(position: number): PartDelta[];
  /** The message so far. */
  parts(): Part[];
};

export function growingParts(): GrowingParts {
  const closed: Part[] = [];
  /** The length of the message before each closed part. */
  const starts: number[] = [];
  /** The growing part without its text. */
  let last: { readonly part: Part; readonly start: number } | null = null;
  let pieces: string[] = [];
  /** The length of the message after each piece of text. */
  let ends: number[] = [];
  let length = 0;

  /** The growing part with its text, which is one piece from then on: a long one is joined once. */
  const joined = (part: Part): Part => {
    if (pieces.length > 1) {
      pieces = [pieces.join("")];
      ends = [length];
    }
    return withText(part, pieces[0] ?? "");
  };
  const close = () => {
    if (!last) return;
    closed.push(joined(last.part));
    starts.push(last.start);
    last = null;
    pieces = [];
    ends = [];
  };
  const push = (text: string) => {
    if (text === "") return;
    pieces.push(text);
    length += text.length;
    ends.push(length);
  };
  /** The text of the growing part after that position. */
  const textAfter = (position: number): string => {
    if (position >= length) return "";
    let first = ends.length - 1;
    while (first > 0 && (ends[first - 1] ?? 0) > position) first--;
    const piece = pieces[first] ?? "";
    const start = (ends[first] ?? 0) - piece.length;
    const rest = first + 1 < pieces.length ? pieces.slice(first + 1).join("") : "";
    return piece.slice(Math.max(0, position - start)) + rest;
  };
  /** Of the growing part. */
  const deltas = (position: number): PartDelta[] => {
    if (!last || position >= length) return [];
    const { part, start } = last;
    const index = closed.length;
    const isOpened = !isHeadless(part.type) && position <= start;
    const text = textAfter(position);
    const found: PartDelta[] = [];
    if (isOpened) found.push({ type: "open", position: start + 1, index, part });
    if (text) found.push({ type: "grow", position: length, index, of: part.type, text });
    return found;
  };
  const open = (part: Part) => {
    close();
    last = { part, start: length };
    if (!isHeadless(part.type)) length += 1;
  };
  const add = (part: Part) => {
    const text = textIn(part);
    if (isHeadless(part.type)) {
      if (text === "") return;
      if (last?.part.type !== part.type) open({ type: part.type, text: "" });
    } else open(withText(part, ""));
    push(text);
  };
  const grow = (text: string) => {
    if (last && takesText(last.part.type)) push(text);
  };

  return {
    get length() {
      return length;
    },
    get count() {
      return closed.length + (last ? 1 : 0);
    },
    get last() {
      return last?.part.type ?? null;
    },
    add,
    grow,
    apply(delta) {
      if (delta.type === "open") add(delta.part);
      else if (isHeadless(delta.of)) add({ type: delta.of, text: delta.text });
      else grow(delta.text);
    },
    after(position) {
      // Most watchers are at a position in the growing part.
      if (last && position >= last.start) return deltas(position);
      const found: PartDelta[] = [];
      if (position < (last?.start ?? length))
        for (const [index, part] of closed.entries()) {
          const start = starts[index] ?? 0;
          if (start + lengthOf(part) > position)
            found.push(...deltasOf(part, index, start, position));
        }
      found.push(...deltas(position));
      return found;
    },
    types: () => [...closed, ...(last ? [last.part] : [])].map(({ type }) => type),
    parts: () => (last ? [...closed, joined(last.part)] : [...closed]),
  };
}
