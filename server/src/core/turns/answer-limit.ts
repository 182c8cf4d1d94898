import type { ModelPart } from "../../ports/model.ts";

/** No text that people write has more characters per token. */
const MAX_CHARACTERS_A_TOKEN = 8;

/**
 * The same answer, cut where it is longer than it may be, for providers that ignore the limit. A piece
 * of a stream is a token or more, so that no answer within its limit is cut.
 * @param cut ends the request to the provider
 */
export async function* cutAt(
  parts: AsyncIterable<ModelPart>,
  maxTokens: number,
  cut: () => void,
): AsyncGenerator<ModelPart, void> {
  let pieces = 0;
  let charactersLeft = maxTokens * MAX_CHARACTERS_A_TOKEN;
  for await (const part of parts) {
    if (part.type !== "finish") {
      pieces += 1;
      if (pieces > maxTokens || part.text.length > charactersLeft) {
        const text = part.text.slice(0, pieces > maxTokens ? 0 : charactersLeft).toWellFormed();
        if (text) yield { ...part, text };
        yield { type: "finish", reason: "length", word: "length", model: null, usage: null };
        cut();
        return;
      }
      charactersLeft -= part.text.length;
    }
    yield part;
  }
}
