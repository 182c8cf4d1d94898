import { growingParts } from "./growing-parts.ts";
import type { Part, PartDelta } from "./parts.ts";

/**
 * How parts are kept beside two texts that are stored anyhow, the words of a message and its reasoning: as what is taken
 * from them in turn, so that nothing is kept twice. `text` and `refusal` take the next code units of the words,
 * `reasoning` those of the reasoning. `open` is a part without its text, `grow` more of the text of a tool's part.
 */
export type LayoutStep =
  | readonly ["text" | "refusal" | "reasoning", number]
  | readonly ["open", Part]
  | readonly ["grow", string];
export type PartLayout = readonly LayoutStep[];

/** `layout` is null where all reasoning comes before all words, and those are one part of text. */
export type LaidOut = {
  readonly content: string;
  readonly reasoning: string;
  readonly layout: PartLayout | null;
};

/** Takes apart steps of growth: those of a whole message (`after(parts, 0)`), or what was added to one. */
export function layOut(steps: readonly PartDelta[]): LaidOut {
  let content = "";
  let reasoning = "";
  const layout = steps.map((step): LayoutStep => {
    if (step.type === "open") return ["open", step.part];
    const { of, text } = step;
    if (of === "reasoning") reasoning += text;
    else if (of === "text" || of === "refusal") content += text;
    else return ["grow", text];
    return [of, text.length];
  });
  const kinds = layout.map(([kind]) => kind).join(" ");
  const isPlain = ["", "text", "reasoning", "reasoning text"].includes(kinds);
  return { content, reasoning, layout: isPlain ? null : layout };
}

/** Puts together a message that was taken apart, whole or addition by addition. */
export function partsFrom(additions: readonly LaidOut[]): Part[] {
  const growing = growingParts();
  for (const { content, reasoning, layout } of additions) {
    let words = 0;
    let thoughts = 0;
    for (const [kind, value] of layout ?? plainLayout(content, reasoning)) {
      if (kind === "open") growing.add(value);
      else if (kind === "grow") growing.grow(value);
      else if (kind === "reasoning") {
        growing.add({ type: kind, text: reasoning.slice(thoughts, thoughts + value) });
        thoughts += value;
      } else {
        const text = content.slice(words, words + value);
        if (kind === "refusal") growing.grow(text);
        else growing.add({ type: kind, text });
        words += value;
      }
    }
  }
  return growing.parts();
}

const plainLayout = (content: string, reasoning: string): PartLayout => [
  ["reasoning", reasoning.length],
  ["text", content.length],
];
