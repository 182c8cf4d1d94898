import type { ModelPart } from "../../ports/model.ts";
import type { OpenRequest } from "./model-request.ts";

/** A request to the model whose answer is read at once, for two readers: the turn, and whoever prepares for it. */
export type ReadAhead = {
  /** Gives the whole answer, as the original request would. */
  readonly request: OpenRequest;
  /** The text of the answer as it comes; ends where the answer fails. */
  readonly opening: AsyncIterable<string>;
};

export function readAhead(request: OpenRequest): ReadAhead {
  const read: ModelPart[] = [];
  let ending: { readonly error?: unknown } | null = null;
  let wake = Promise.withResolvers<void>();

  const pump = async () => {
    try {
      for (let next = await request.first; !next.done; next = await request.parts.next()) {
        read.push(next.value);
        wake.resolve();
        wake = Promise.withResolvers();
      }
      ending = {};
    } catch (error) {
      ending = { error };
    }
    wake.resolve();
  };
  async function* again(): AsyncGenerator<ModelPart> {
    for (let at = 0; ; ) {
      const part = read[at];
      if (part) {
        at++;
        yield part;
      } else if (!ending) await wake.promise;
      else if ("error" in ending) throw ending.error;
      else return;
    }
  }
  async function* texts(): AsyncGenerator<string> {
    try {
      for await (const part of again())
        if (part.type === "text" || part.type === "refusal") yield part.text;
    } catch {
      // The turn tells what went wrong.
    }
  }
  void pump();
  const parts = again();
  const first = parts.next();
  first.catch(() => {});
  const { knowsTo, discard } = request;
  return { request: { parts, first, knowsTo, discard }, opening: texts() };
}
