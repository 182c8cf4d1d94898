import { mapped, type Sink } from "../../domain/sink.ts";
import type { ModelPart } from "../../ports/model.ts";

/** The answer with its first calls of tools alone, that many of them; what else it says stays. */
export function withFirstCalls(sink: Sink<ModelPart>, most: number): Sink<ModelPart> {
  let calls = 0;
  return mapped(sink, (part: ModelPart) => {
    if (part.type === "tool_call") calls++;
    const isOfCall = part.type === "tool_call" || part.type === "arguments";
    return !isOfCall || calls <= most ? [part] : [];
  });
}
