/*
 * What is a word to the search index. Chinese, Japanese and their likes are written without spaces:
 * there, every character is a word, and what was written together is looked for as a phrase.
 */

const SPACELESS = String.raw`[\u30fc\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]`;
const wordPattern = new RegExp(String.raw`${SPACELESS}|[[\p{L}\p{N}\p{M}]--${SPACELESS}]+`, "gv");
const togetherPattern = /[\p{L}\p{N}\p{M}]+/gu;
const asciiPattern = /^[\0-\x7f]*$/;
const asciiWordPattern = /[a-z0-9]+/g;

/** Longer ones are no words of any language; their beginning is enough to find them. */
const WORD_CHARACTERS = 64;
/** More than such a beginning needs, with every accent written by itself. */
const MAX_FOLDED_CHARACTERS = 8 * WORD_CHARACTERS;
/** Enough for any question; each more would be looked for in every text. */
const MAX_PHRASES = 16;
/** Of all phrases together: a phrase costs a text's words times its own. */
const MAX_QUERY_WORDS = 32;
/** With fewer letters the last word of a query is taken as a whole word: too much begins with them. */
const PREFIX_CHARACTERS = 2;

export type Word = { readonly folded: string; readonly start: number; readonly end: number };

/** The words of a text in order, without case and accents. */
export function* wordsOf(text: string): Generator<Word> {
  for (const match of text.matchAll(wordPattern)) {
    const [word] = match;
    yield { folded: fold(word), start: match.index, end: match.index + word.length };
  }
}

/** The words of a query, those that were written together in one phrase, each phrase once. */
export function phrasesOf(query: string): string[][] {
  const phrases = new Map<string, string[]>();
  let wordsLeft = MAX_QUERY_WORDS;
  for (const [together] of query.matchAll(togetherPattern)) {
    const words = foldedWords(together).slice(0, MAX_QUERY_WORDS);
    const key = words.join(" ");
    const isNew = !phrases.has(key);
    if (isNew && (phrases.size === MAX_PHRASES || words.length > wordsLeft)) break;
    if (isNew) wordsLeft -= words.length;
    // At its last place: only the last word of a query may be the beginning of one.
    phrases.delete(key);
    phrases.set(key, words);
  }
  return [...phrases.values()];
}

/** Whether the last word of a query may be the beginning of one. */
export const isPrefix = (phrases: readonly string[][]): boolean =>
  (phrases.at(-1)?.at(-1)?.length ?? 0) >= PREFIX_CHARACTERS;

/**
 * An owner's words have a mark before them that no other owner's have, and those of titles another
 * one. So what a query costs depends on how much its owner has stored, not on what everybody has.
 */
export type WordMark = `${number}${"t" | "m"}`;

/** The text as the index takes it in. */
export function indexable(mark: WordMark, text: string): string {
  const words = asciiPattern.test(text)
    ? (text.toLowerCase().match(asciiWordPattern) ?? []).map(cut)
    : foldedWords(text);
  return marked(mark, words);
}

/**
 * A piece of a text as the index takes it in: the words that begin in `own`, and after them as many as a phrase that
 * begins in it may have.
 * @param before at least the character before it; empty at the beginning of the text
 * @param after what follows, or its beginning, of more characters than a query has
 */
export function indexablePiece(
  mark: WordMark,
  { before, own, after }: { readonly before: string; readonly own: string; readonly after: string },
): string {
  const end = before.length + own.length;
  const words: string[] = [];
  let following = 0;
  for (const { folded, start } of wordsOf(before + own + after)) {
    if (start < before.length) continue;
    if (start >= end && ++following === MAX_QUERY_WORDS) break;
    words.push(folded);
  }
  return following === words.length ? "" : marked(mark, words);
}

/** What FTS5 matches, an expression a phrase: everything in quotes is words to it. */
export const phraseExpressions = (mark: WordMark, phrases: readonly string[][]): string[] =>
  phrases.map(
    (words, place) =>
      `"${mark}${words.join(` ${mark}`)}"${place === phrases.length - 1 && isPrefix(phrases) ? " *" : ""}`,
  );

const marked = (mark: WordMark, words: readonly string[]): string =>
  words.length === 0 ? "" : mark + words.join(` ${mark}`);

const foldedWords = (text: string): string[] => (text.match(wordPattern) ?? []).map(fold);

const cut = (word: string): string => word.slice(0, WORD_CHARACTERS);

const fold = (word: string): string =>
  asciiPattern.test(word)
    ? cut(word).toLowerCase()
    : cut(
        word
          .slice(0, MAX_FOLDED_CHARACTERS)
          .normalize("NFD")
          .replace(/[\u0300-\u036f]/g, "")
          .normalize("NFC")
          .toLowerCase(),
      );
