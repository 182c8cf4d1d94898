const MARK = String.raw`\ue000\ue001`;
const TICK = "`";
const WORD = String.raw`[\p{L}\p{N}]`;

/** What is taken out of a text, in this order. A mark of a match stays wherever it is. */
const SIGNS: readonly (readonly [sign: RegExp, instead: string])[] = [
  // The line that opens or closes a block of code.
  [new RegExp(String.raw`^[ \t]*(?:${TICK}{3,}|~{3,})[^\n${MARK}]*$`, "gmu"), ""],
  // Rules, and the line below the head of a table.
  [/^[ \t|]*(?:[-*_][ \t]?){3,}[-:| \t]*$/gmu, ""],
  // Quotes, headings, items of lists with their boxes.
  [/^(?:[ \t]*>)+[ \t]*/gmu, ""],
  [/^[ \t]*(?:#{1,6}|[-*+])[ \t]+(?:\[[ xX]\][ \t]+)?/gmu, ""],
  // Links and pictures, also one whose address the snippet cuts off.
  [new RegExp(String.raw`!?\[([^\][\n]*)\]\([^()\s${MARK}]*(?:\)|$)`, "gu"), "$1"],
  // Code, bold, struck out.
  [/`+|\*{2,3}|~~/gu, ""],
  // Underlines and single signs of emphasis, where they stand around words and not within one.
  [new RegExp(String.raw`(?<!${WORD}[${MARK}]?)__(?=\S)|(?<=\S)__(?![${MARK}]?${WORD})`, "gu"), ""],
  [
    new RegExp(
      String.raw`(?<![${WORD.slice(1, -1)}\\][${MARK}]?)([*_])(?=\S)([^*_\n]*\S)\1(?![${MARK}]?${WORD})`,
      "gu",
    ),
    "$2",
  ],
];

/** A row of a table. */
const TABLE_ROW = /^[ \t]*\|.*$/gmu;

/** A piece of text as people read it, without the signs of Markdown; it may begin and end anywhere. */
export function withoutMarkdown(text: string): string {
  let plain = text;
  for (const [sign, instead] of SIGNS) plain = plain.replace(sign, instead);
  return plain.replace(TABLE_ROW, (row) => row.replace(/[ \t]*\|[ \t]*/g, " "));
}
