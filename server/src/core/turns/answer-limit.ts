import type { Finish, ModelPart } from "../../ports/model.ts";

/** No text that people write has more characters per token. */
const MAX_CHARACTERS_A_TOKEN = 8;

/**
 * The same answer, cut where it is longer than it may be, for providers that ignore the limit. A piece
 * of a stream is a token or more, so that no answer within its limit is cut. Of several answers each has the limit.
 * @param cut ends the request to the provider
 */
export async function* cutAt(
  parts: AsyncIterable<ModelPart>,
  { maxTokens, choices = 1 }: { readonly maxTokens: number; readonly choices?: number | undefined },
  cut: () => void,
): AsyncGenerator<ModelPart, void> {
  const lengths = Array.from({ length: choices }, () => ({
    pieces: 0,
    charactersLeft: maxTokens * MAX_CHARACTERS_A_TOKEN,
    isCut: false,
  }));
  for await (const part of parts) {
    if (part.type === "finish") {
      const finishes = part.choices?.map((finish, place) =>
        lengths[place]?.isCut ? AT_LIMIT : finish,
      );
      yield finishes ? { ...part, ...finishes[0], choices: finishes } : part;
      continue;
    }
    const length = lengths[part.choice ?? 0];
    if (!length || length.isCut) continue;
    length.pieces += 1;
    if (length.pieces <= maxTokens && part.text.length <= length.charactersLeft) {
      length.charactersLeft -= part.text.length;
      yield part;
      continue;
    }
    length.isCut = true;
    const most = length.pieces > maxTokens ? 0 : length.charactersLeft;
    const text = part.text.slice(0, most).toWellFormed();
    if (text) yield { ...part, text };
    if (!lengths.every(({ isCut }) => isCut)) continue;
    const several = choices > 1 && { choices: lengths.map(() => AT_LIMIT) };
    yield { type: "finish", ...AT_LIMIT, ...several, model: null, usage: null };
    cut();
    return;
  }
}

const AT_LIMIT: Finish = { reason: "length", word: "length" };
