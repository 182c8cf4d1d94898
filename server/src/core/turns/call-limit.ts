import type { ModelPart } from "../../ports/model.ts";

/** The answer with its first calls of tools alone, that many of them; what else it says stays. */
export async function* withFirstCalls(
  answer: AsyncIterable<ModelPart>,
  most: number,
): AsyncGenerator<ModelPart> {
  let calls = 0;
  for await (const part of answer) {
    if (part.type === "tool_call") calls++;
    const isOfCall = part.type === "tool_call" || part.type === "arguments";
    if (!isOfCall || calls <= most) yield part;
  }
}
