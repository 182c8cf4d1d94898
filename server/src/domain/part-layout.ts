import { growingParts } from "./growing-parts.ts";
import type { Part, PartDelta } from "./parts.ts";

/**
 * The layout of parts beside the two texts that every message stores: its words and its reasoning. No text is stored
 * twice, because a layout names how many code units belong to each part: `text` and `refusal` take the next code units
 * of the words, `reasoning` those of the reasoning. `open` is a part without its text, and `grow` is more text of a
 * tool's part.
 */
export type LayoutStep =
  | readonly ["text" | "refusal" | "reasoning", number]
  | readonly ["open", Part]
  | readonly ["grow", string];
export type PartLayout = readonly LayoutStep[];

export type LaidOut = {
  readonly content: string;
  readonly reasoning: string;
  readonly layout: PartLayout;
};

/**
 * Splits steps of growth into words, reasoning and layout. The steps are those of a whole message (`after(parts, 0)`) or
 * of an addition to one. The results of several calls are joined field by field.
 */
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
  return { content, reasoning, layout };
}

/** Restores the parts of a message from its words, reasoning and layout. */
export function partsFrom({ content, reasoning, layout }: LaidOut): Part[] {
  const growing = growingParts();
  let words = 0;
  let thoughts = 0;
  for (const [kind, value] of layout)
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
  return growing.parts();
}
