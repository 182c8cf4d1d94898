import type { WebHit } from "../../../ports/web.ts";

const MAX_HITS = 10;
const MAX_TITLE_CHARACTERS = 300;
const MAX_TEXT_CHARACTERS = 1_000;
const MAX_URL_CHARACTERS = 2_000;
const TAG = /<\/?[a-z][^<>]{0,100}>/giu;

/**
 * What a search engine found, within bounds.
 * @param found its list, of which anything may be missing
 * @param textField the field with the words around what was found
 */
export function hitsIn(found: unknown, textField: string): WebHit[] {
  if (!Array.isArray(found)) return [];
  return found
    .slice(0, MAX_HITS * 3)
    .flatMap((item: unknown): WebHit | [] => {
      const fields = typeof item === "object" && item !== null ? Object(item) : {};
      const url = URL.parse(textOf(fields.url, MAX_URL_CHARACTERS));
      if (!url || !/^https?:$/u.test(url.protocol)) return [];
      const title = textOf(fields.title, MAX_TITLE_CHARACTERS) || url.hostname;
      return { title, url: url.href, text: textOf(fields[textField], MAX_TEXT_CHARACTERS) };
    })
    .slice(0, MAX_HITS);
}

const textOf = (value: unknown, maxCharacters: number): string =>
  typeof value === "string"
    ? value
        .slice(0, 2 * maxCharacters)
        .replace(TAG, "")
        .replace(/\s+/gu, " ")
        .replace(/\p{Cc}/gu, "")
        .trim()
        .slice(0, maxCharacters)
        .toWellFormed()
    : "";
