export type TextTable = {
  readonly rows: readonly (readonly string[])[];
  /** There are more rows, or more columns, than these. */
  readonly isCut: boolean;
};

const MAX_ROWS = 1_000;
const MAX_COLUMNS = 60;
const MAX_CELLS = 12_000;

/** The table of a text with separated values (RFC 4180): by tabs, semicolons or commas, whichever its first line has most. */
export function tableOf(text: string): TextTable {
  const [head = ""] = text.split("\n", 1);
  const count = (separator: string) => head.split(separator).length;
  const separator = ["\t", ";", ","].reduce((best, next) =>
    count(next) > count(best) ? next : best,
  );
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  let isCut = false;
  let cells = 0;
  const endCell = () => {
    if (row.length < MAX_COLUMNS) row.push(cell);
    else isCut = true;
    cells += 1;
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at++) {
    if (rows.length >= MAX_ROWS || cells >= MAX_CELLS) return { rows, isCut: true };
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === separator) endCell();
    else if (character === "\n") endRow();
    else if (character !== "\r" || text[at + 1] !== "\n") cell += character;
  }
  if (cell !== "" || row.length > 0) endRow();
  return { rows, isCut };
}
