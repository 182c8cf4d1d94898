// Tokens of long prompts: counted in pieces, so that nobody waits for a count.
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { bytesIn, estimateTokens, TOKENS_A_MESSAGE } from "./prompt.ts";

/** Of one text that is counted at a time. */
const MAX_PIECE_CHARACTERS = 256 * 1024;

/** What an estimate of each of these texts makes together; an empty text counts nothing. */
export async function estimateTexts(texts: Iterable<string>): Promise<number> {
  const pace = createPace();
  let tokens = 0;
  for (const text of texts) {
    if (text !== "") tokens += estimateTokens(text);
    if (pace.isDue()) await pace.pause();
  }
  return tokens;
}

/** How many tokens texts may have at most, and how many they have by an estimate. */
export type TokenRange = { readonly sure: number; readonly likely: number };

export async function rangeOfTexts(texts: Iterable<string>): Promise<TokenRange> {
  const pace = createPace();
  let sure = 0;
  let likely = 0;
  for (const text of texts) {
    sure += TOKENS_A_MESSAGE;
    likely += estimateTokens(text);
    for (let from = 0; from < text.length; from += MAX_PIECE_CHARACTERS) {
      sure += bytesIn(text.slice(from, from + MAX_PIECE_CHARACTERS));
      if (pace.isDue()) await pace.pause();
    }
  }
  return { sure, likely };
}
