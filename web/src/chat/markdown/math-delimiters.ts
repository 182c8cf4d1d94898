/** Whether a text may hold mathematics, in any of the ways that models write it. */
export const mayHaveMath = (text: string): boolean =>
  text.includes("$$") || (/[$]|\\[[(]/.test(text) && withOneMathDelimiter(text) !== text);

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const BLANK = /\s/;
const WORD = /\w/;

/** The first place of a sign at or after another place. Asked with places that only grow, it looks at each character once. */
function finder(text: string, sign: string): (from: number) => number {
  let found = -2;
  return (from) => {
    if (found === -1 || found >= from) return found;
    found = text.indexOf(sign, from);
    return found;
  };
}

/**
 * The text with all its mathematics between `$$`, the one way that the Markdown parser is told to read. Code
 * stays as it is. Takes time in proportion to the text, whatever stands in it.
 */
export function withOneMathDelimiter(text: string): string {
  const parts: string[] = [];
  const endOf = { "[": finder(text, "\\]"), "(": finder(text, "\\)"), $$: finder(text, "$$") };
  const runEnd = backtickRuns(text);
  let kept = 0;
  let at = 0;
  const replaceUntil = (end: number, by: string) => {
    parts.push(text.slice(kept, at), by);
    kept = end;
    at = end;
  };

  while (at < text.length) {
    const isLineStart = at === 0 || text[at - 1] === "\n";
    const character = text[at];
    if (isLineStart) {
      const fence = FENCE.exec(text.slice(at, at + 200))?.[1];
      if (fence) {
        at = endOfFence(text, at, fence);
        continue;
      }
    }
    if (character === "`") {
      at = runEnd(at);
    } else if (character === "\\") {
      const sign = text[at + 1];
      const end = sign === "[" || sign === "(" ? endOf[sign](at + 2) : -1;
      const tex = end < 0 ? "" : text.slice(at + 2, end).trim();
      if (end < 0) at += 2;
      else replaceUntil(end + 2, sign === "[" ? `\n$$\n${tex}\n$$\n` : `$$${tex}$$`);
    } else if (character !== "$") {
      at += 1;
    } else if (text[at + 1] === "$") {
      const end = endOf.$$(at + 2);
      at = end < 0 ? at + 2 : end + 2;
    } else {
      const end = endOfSingle(text, at);
      if (end < 0) at += 1;
      else replaceUntil(end + 1, `$$${text.slice(at + 1, end)}$$`);
    }
  }
  parts.push(text.slice(kept));
  return parts.join("");
}

/**
 * Where the formula ends that begins with one dollar here, by Pandoc's rule: no blank inside the signs and no
 * digit after the last one, so that "$5 and $10" are prices. -1: it is none.
 */
function endOfSingle(text: string, start: number): number {
  const before = text[start - 1] ?? " ";
  if (WORD.test(before) || before === "$" || BLANK.test(text[start + 1] ?? " ")) return -1;
  for (let end = start + 1; end < text.length; end++) {
    const character = text[end];
    if (character === "\n") return -1;
    if (character === "\\") end += 1;
    else if (character === "$") {
      const after = text[end + 1] ?? " ";
      const isEnd = !BLANK.test(text[end - 1] ?? " ") && !WORD.test(after) && after !== "$";
      return isEnd ? end : -1;
    }
  }
  return -1;
}

/** Where the fenced code ends that begins here: after its closing line, or with the text. */
function endOfFence(text: string, start: number, fence: string): number {
  let lineStart = text.indexOf("\n", start) + 1;
  while (lineStart > 0) {
    const lineEnd = text.indexOf("\n", lineStart);
    const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd);
    const closing = FENCE.exec(line)?.[1];
    if (closing?.startsWith(fence) && line.trim() === closing)
      return lineEnd < 0 ? text.length : lineEnd;
    lineStart = lineEnd + 1;
  }
  return text.length;
}

/** Where to go on after the backticks at a place: after the code that they begin, or after themselves. */
function backtickRuns(text: string): (start: number) => number {
  const places = new Map<number, number[]>();
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    const known = places.get(run.length);
    if (known) known.push(index);
    else places.set(run.length, [index]);
  }
  const passed = new Map<number, number>();
  return (start) => {
    let end = start;
    while (text[end] === "`") end += 1;
    const length = end - start;
    const sameLength = places.get(length) ?? [];
    let next = passed.get(length) ?? 0;
    while (next < sameLength.length && (sameLength[next] ?? 0) < end) next += 1;
    passed.set(length, next);
    const closing = sameLength[next];
    return closing === undefined ? end : closing + length;
  };
}
