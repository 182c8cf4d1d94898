import { type Giving, kept } from "../../domain/sink.ts";
import type { ModelPart } from "../../ports/model.ts";
import type { OpenRequest } from "./model-request.ts";

/** A request to the model whose answer is taken at once, for two takers: the turn, and whoever prepares for it. */
export type ReadAhead = {
  /** Gives the whole answer, as the original request would. */
  readonly request: OpenRequest;
  /** The text of the answer as it comes; ends where the answer fails. */
  readonly opening: Giving<string>;
};

export function readAhead({ answer, knowsTo, discard }: OpenRequest): ReadAhead {
  const ofTurn = kept<ModelPart>(Number.POSITIVE_INFINITY);
  const ofOpening = kept<string>(Number.POSITIVE_INFINITY);
  answer({
    take(parts) {
      const texts = parts.flatMap((part) =>
        part.type === "text" || part.type === "refusal" ? [part.text] : [],
      );
      if (texts.length > 0) void ofOpening.sink.take(texts);
      return ofTurn.sink.take(parts);
    },
    end(error) {
      // The turn tells what went wrong.
      ofOpening.sink.end();
      ofTurn.sink.end(error);
    },
  });
  return { request: { answer: ofTurn.give, knowsTo, discard }, opening: ofOpening.give };
}
