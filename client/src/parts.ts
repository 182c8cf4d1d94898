import type { ReplyEvent } from "./wire.ts";
import type { Part, PartType } from "./wire-parts.ts";

/** An event that adds to the parts of a reply. */
type Growth = Extract<ReplyEvent, { type: "ai_chunk" | "ai_part" }>;

const isHeadless = (type: PartType): boolean => type === "text" || type === "reasoning";

/** The text of a part that grows; "" for a part that is complete from the beginning. */
function textIn(part: Part): string {
  if (part.type === "tool_call") return part.arguments;
  return part.type === "file" || part.type === "citation" ? "" : part.text;
}

const withText = (part: Part, text: string): Part => {
  if (part.type === "tool_call") return { ...part, arguments: text };
  return part.type === "file" || part.type === "citation" ? part : { ...part, text };
};

/**
 * The parts of a reply after one of its events, if `parts` was requested. Other events have no effect.
 * @param parts the parts after the previous event; an empty list before the first event
 */
export function growParts(parts: readonly Part[], event: ReplyEvent): readonly Part[] {
  if (event.type === "ai_chunk") return grown(parts, event.index ?? 0, "text", event.data);
  if (event.type !== "ai_part") return parts;
  const { data } = event;
  if (data.type === "open") return replaced(parts, data.index, data.part);
  return grown(parts, data.index, data.of, data.text);
}

const replaced = (parts: readonly Part[], index: number, part: Part): readonly Part[] => [
  ...parts.slice(0, index),
  part,
  ...parts.slice(index + 1),
];

function grown(parts: readonly Part[], index: number, of: PartType, text: string): readonly Part[] {
  const part = parts[index];
  if (part) return replaced(parts, index, withText(part, textIn(part) + text));
  // Every other part is opened before it grows.
  return of === "text" || of === "reasoning" ? [...parts, { type: of, text }] : parts;
}

/** The events that a stream of parts would have sent after that position. */
export function growthAfter(parts: readonly Part[], position: number): Growth[] {
  const events: Growth[] = [];
  let start = 0;
  for (const [index, part] of parts.entries()) {
    const text = textIn(part);
    const head = isHeadless(part.type) ? 0 : 1;
    const end = start + head + text.length;
    if (end > position) {
      if (head === 1 && position <= start)
        events.push({ type: "ai_part", data: { type: "open", index, part: withText(part, "") } });
      const rest = text.slice(Math.max(0, position - start - head));
      if (rest) events.push(growth(part.type, index, rest));
    }
    start = end;
  }
  return events;
}

const growth = (of: PartType, index: number, text: string): Growth =>
  of === "reasoning" || of === "tool_call" || of === "tool_result"
    ? { type: "ai_part", data: { type: "grow", index, of, text } }
    : { type: "ai_chunk", data: text, index };
