/*
 * What is a word to the search index. Chinese, Japanese and their likes are written without spaces:
 * there, every character is a word, and what was written together is looked for as a phrase.
 */

const SPACELESS = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]`;
const hasSpaceless = new RegExp(SPACELESS, "v");
const wordPattern = new RegExp(String.raw`${SPACELESS}|[[\p{L}\p{N}\p{M}]--${SPACELESS}]+`, "gv");
const togetherPattern = /[\p{L}\p{N}\p{M}]+/gu;

/** Enough for any question; more would only make the index work for nothing. */
const MOST_PHRASES = 64;

export type Word = { readonly folded: string; readonly start: number; readonly end: number };

/** The words of a text in order, without case and accents. */
export function* wordsOf(text: string): Generator<Word> {
  for (const match of text.matchAll(wordPattern)) {
    const [word] = match;
    yield { folded: fold(word), start: match.index, end: match.index + word.length };
  }
}

/** The text as the index takes it in. */
export function indexable(text: string): string {
  const composed = text.normalize("NFC");
  return hasSpaceless.test(composed) ? (composed.match(wordPattern) ?? []).join(" ") : composed;
}

/** The words of a query as they are, those that were written together in one phrase. */
export const phrasesOf = (query: string): string[][] =>
  (query.normalize("NFC").match(togetherPattern) ?? [])
    .slice(0, MOST_PHRASES)
    .map((together) => together.match(wordPattern) ?? []);

/** One word that stands for an owner in the index: letters and digits only, never the same for two. */
export const ownerWord = (tenantId: string, userId: string): string =>
  Buffer.from(`${tenantId}\0${userId}`).toString("hex");

/** The expression that FTS5 matches: everything in quotes is words to it. */
export const matchExpression = (owner: string, phrases: readonly string[][]): string =>
  `owner : "${owner}" AND text : (${phrases.map((words) => `"${words.join(" ")}"`).join(" AND ")} *)`;

/** Without case and accents, as the index's tokenizer does it. */
export const fold = (word: string): string =>
  word
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .toLowerCase();
