/** Whether a text may hold mathematics, in any of the ways that models write it. */
export const mayHaveMath = (text: string): boolean =>
  text.includes("$$") || text.includes("\\(") || text.includes("\\[") || SINGLE.test(text);

/**
 * One dollar on each side, by Pandoc's rule: no blank inside the signs and no digit after the last
 * one, so that "$5 and $10" are prices.
 */
const SINGLE = /(?<![\\$\w])\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?![\d$\w])/;
const CODE =
  /(`+)[^`](?:.|\n)*?\1(?!`)|^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.|\n)*?(?:^ {0,3}\2|$(?!\n))/gm;

/** The text with all its mathematics between `$$`, the one way that the Markdown parser is told to read. */
export function withOneMathDelimiter(text: string): string {
  let result = "";
  let end = 0;
  for (const match of text.matchAll(CODE)) {
    result += rewrite(text.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return result + rewrite(text.slice(end));
}

const rewrite = (text: string): string =>
  text
    .replace(/\\\[((?:.|\n)*?)\\\]/g, (_, tex: string) => `\n$$\n${tex.trim()}\n$$\n`)
    .replace(/\\\(((?:.|\n)*?)\\\)/g, (_, tex: string) => `$$${tex.trim()}$$`)
    .replace(new RegExp(SINGLE, "g"), (_, tex: string) => `$$${tex}$$`);
