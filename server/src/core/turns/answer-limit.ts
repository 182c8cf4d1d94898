import type { Sink } from "../../domain/sink.ts";
import type { Finish, ModelPart } from "../../ports/model.ts";

/** No text that people write has more characters per token. */
const MAX_CHARACTERS_A_TOKEN = 8;

/**
 * The same answer, cut where it is longer than it may be, for providers that ignore the limit. A piece
 * of a stream is a token or more, so that no answer within its limit is cut. Of several answers each has the limit.
 * @param cut ends the request to the provider
 */
export function cutAt(
  sink: Sink<ModelPart>,
  { maxTokens, choices = 1 }: { readonly maxTokens: number; readonly choices?: number | undefined },
  cut: () => void,
): Sink<ModelPart> {
  const lengths = Array.from({ length: choices }, () => ({
    pieces: 0,
    charactersLeft: maxTokens * MAX_CHARACTERS_A_TOKEN,
    isCut: false,
  }));
  let isOver = false;
  const within = (part: ModelPart): readonly ModelPart[] => {
    if (isOver) return [];
    if (part.type === "finish") {
      const finishes = part.choices?.map((finish, place) =>
        lengths[place]?.isCut ? AT_LIMIT : finish,
      );
      return [finishes ? { ...part, ...finishes[0], choices: finishes } : part];
    }
    const length = lengths[part.choice ?? 0];
    if (!length || length.isCut) return [];
    length.pieces += 1;
    if (length.pieces <= maxTokens && part.text.length <= length.charactersLeft) {
      length.charactersLeft -= part.text.length;
      return [part];
    }
    length.isCut = true;
    const most = length.pieces > maxTokens ? 0 : length.charactersLeft;
    const text = part.text.slice(0, most).toWellFormed();
    const kept = text ? [{ ...part, text }] : [];
    isOver = lengths.every((one) => one.isCut);
    if (!isOver) return kept;
    const several = choices > 1 && { choices: lengths.map(() => AT_LIMIT) };
    return [...kept, { type: "finish", ...AT_LIMIT, ...several, model: null, usage: null }];
  };
  return {
    take(parts) {
      if (isOver) return undefined;
      const kept = parts.flatMap(within);
      const pause = kept.length > 0 ? sink.take(kept) : undefined;
      if (!isOver) return pause;
      cut();
      sink.end();
      return undefined;
    },
    end(error) {
      if (!isOver) sink.end(error);
    },
  };
}

const AT_LIMIT: Finish = { reason: "length", word: "length" };
