import { setImmediate as pause } from "node:timers/promises";
import { characterEntities } from "character-entities";

/** Others are served after so many characters. */
const PIECE_CHARACTERS = 128 * 1024;
/** Of a page without words: each of the rest is a space, a line or a dash. */
const MAX_PIECES = 200_000;
const TAG = /<(\/?)([a-z][a-z\d:-]*)/iy;
const BLOCKS = new Set(
  "address article aside blockquote body br dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody td th thead tr ul".split(
    " ",
  ),
);
/** What nobody reads on the page. */
const HIDDEN = new Set(
  "script style noscript template svg iframe object canvas textarea".split(" "),
);
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z][a-z\d]{0,31}));/giu;
const REPLACEMENT = "\u{FFFD}";

/**
 * The words of a page, block by block, and its title. The time that it takes grows with the length of the page alone,
 * however its tags are nested or broken.
 * @param maxCharacters of the text; the rest is left out
 */
export async function textOfHtml(
  html: string,
  maxCharacters: number,
): Promise<{ readonly title: string; readonly text: string; readonly isCut: boolean }> {
  const pieces: string[] = [];
  let title = "";
  let count = 0;
  let at = 0;
  let nextPause = PIECE_CHARACTERS;
  const add = (text: string) => {
    const words = wordsOf(text);
    if (words === "") return;
    pieces.push(words);
    count += words.length;
  };
  while (at < html.length && count <= maxCharacters && pieces.length < MAX_PIECES) {
    if (at >= nextPause) {
      await pause();
      nextPause = at + PIECE_CHARACTERS;
    }
    const open = html.indexOf("<", at);
    const end = Math.min(open < 0 ? html.length : open, at + PIECE_CHARACTERS);
    if (end > at) {
      add(html.slice(at, end));
      at = end;
      continue;
    }
    if (html.startsWith("<!--", at)) {
      at = behind(html, "-->", at + 4);
      continue;
    }
    TAG.lastIndex = at;
    const [head, slash, name = ""] = TAG.exec(html) ?? [];
    if (head === undefined) {
      const isMarkup = /[!?/]/u.test(html[at + 1] ?? "");
      if (!isMarkup) add("<");
      at = isMarkup ? behind(html, ">", at) : at + 1;
      continue;
    }
    const tag = name.toLowerCase();
    at = endOfTag(html, at + head.length);
    if (slash === "" && (tag === "title" || HIDDEN.has(tag))) {
      const closing = new RegExp(`</${tag}[\\s/>]`, "giu");
      closing.lastIndex = at;
      const close = closing.exec(html)?.index ?? html.length;
      if (tag === "title" && title === "")
        title = wordsOf(html.slice(at, Math.min(close, at + PIECE_CHARACTERS))).trim();
      at = close;
    } else if (BLOCKS.has(tag)) pieces.push(tag === "li" && slash === "" ? "\n- " : "\n");
  }
  const text = pieces
    .join("")
    .replace(/ {2,}/gu, " ")
    // No run of spaces is left whose length would be searched from each of its places.
    .replace(/ ?\n ?/gu, "\n")
    .replace(/\n{3,}/gu, "\n\n")
    .trim();
  return {
    title,
    text: text.slice(0, maxCharacters).toWellFormed(),
    isCut: at < html.length || text.length > maxCharacters,
  };
}

/** A text on one line, with what its entities stand for, and without what is not shown. */
const wordsOf = (text: string): string =>
  text
    .replace(ENTITY, (whole, decimal?: string, hexadecimal?: string, name?: string) => {
      if (name !== undefined)
        return Object.hasOwn(characterEntities, name) ? (characterEntities[name] ?? whole) : whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
      return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : REPLACEMENT;
    })
    .replace(/\s+/gu, " ")
    .replace(/\p{Cc}/gu, "");

const behind = (html: string, mark: string, from: number): number => {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
};

const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const EQUALS = 61;
const GREATER = 62;

/** The place behind the tag. A `>` within a quoted value does not end it. */
function endOfTag(html: string, from: number): number {
  let isValue = false;
  for (let index = from; index < html.length; index++) {
    const code = html.charCodeAt(index);
    if (code === GREATER) return index + 1;
    if (isValue && (code === DOUBLE_QUOTE || code === SINGLE_QUOTE)) {
      const end = html.indexOf(html.charAt(index), index + 1);
      if (end < 0) return html.length;
      index = end;
      isValue = false;
    } else if (code === EQUALS) isValue = true;
    else if (code > SPACE) isValue = false;
  }
  return html.length;
}
