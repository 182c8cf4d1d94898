/** A part of a text that is rendered by itself, so that only the last one is rendered again while text comes in. */
export type Block =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "code";
      readonly language: string;
      readonly code: string;
      /** Its closing fence has not come yet. */
      readonly isOpen: boolean;
    };

type Fence = { readonly marker: string; readonly indent: number; readonly language: string };

const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})\s*([^\s{]*)/;
const LIST_ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
/** What one block defines, others use: such a text is one block. */
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;

const INDENTED = /^(?: {4}|\t)/;
const FOLD = /^ {0,3}<details[\s>]/i;

/** How many more `<details>` a line begins than it ends. */
const foldsIn = (line: string): number =>
  (line.match(/<details[\s>]/gi)?.length ?? 0) - (line.match(/<\/details>/gi)?.length ?? 0);

/**
 * The blocks of a Markdown text. Their order and their texts are those of the whole.
 * @param maxBlocks there are no more than so many; what follows them is left out
 */
export function splitBlocks(text: string, maxBlocks = Number.POSITIVE_INFINITY): Block[] {
  if (DEFINITION.test(text)) return [{ kind: "text", text }];
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: Fence | null = null;
  let mathEnd: string | null = null;
  /** So many `<details>` are open. */
  let depth = 0;
  let isList = false;
  let isAfterBlank = false;
  /** There are lines that are not blank; the first of them is indented. */
  let hasWords = false;
  let isIndented = false;

  const closeText = () => {
    if (hasWords) blocks.push({ kind: "text", text: lines.join("\n") });
    lines = [];
    isList = false;
    isAfterBlank = false;
    hasWords = false;
    isIndented = false;
  };
  const closeCode = ({ language, indent }: Fence, isOpen: boolean) => {
    const margin = new RegExp(`^ {0,${indent}}`);
    const code = lines.map((line) => line.replace(margin, "")).join("\n");
    blocks.push({ kind: "code", language, code, isOpen });
    lines = [];
    fence = null;
  };

  for (const line of text.split("\n")) {
    if (blocks.length >= maxBlocks) return blocks;
    if (fence) {
      if (isClosing(line, fence)) closeCode(fence, false);
      else lines.push(line);
      continue;
    }
    if (mathEnd) {
      lines.push(line);
      if (line.trimEnd().endsWith(mathEnd)) mathEnd = null;
      continue;
    }
    if (depth > 0) {
      lines.push(line);
      depth = Math.max(0, depth + foldsIn(line));
      continue;
    }
    if (line.trim() === "") {
      isAfterBlank = true;
      lines.push(line);
      continue;
    }
    if (isAfterBlank && !goesOn(line, isList, isIndented)) closeText();
    const opening = isList && isAfterBlank ? null : FENCE.exec(line);
    if (opening && !isList) {
      closeText();
      const [, indent = "", marker = "", language = ""] = opening;
      fence = { marker, indent: indent.length, language };
      continue;
    }
    isAfterBlank = false;
    if (isList) {
      lines.push(line);
      continue;
    }
    if (!hasWords) {
      hasWords = true;
      isList = LIST_ITEM.test(line);
      isIndented = INDENTED.test(line);
    }
    mathEnd = mathOpenedBy(line);
    if (FOLD.test(line)) depth = Math.max(0, foldsIn(line));
    lines.push(line);
  }
  if (fence) closeCode(fence, true);
  else closeText();
  return blocks;
}

/** Whether a line after a blank one belongs to what stood before it. */
function goesOn(line: string, isList: boolean, isIndented: boolean): boolean {
  if (isList) return /^\s/.test(line) || LIST_ITEM.test(line);
  return isIndented && INDENTED.test(line);
}

const isClosing = (line: string, { marker }: Fence): boolean => {
  const closing = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1];
  return closing?.[0] === marker[0] && (closing?.length ?? 0) >= marker.length;
};

function mathOpenedBy(line: string): string | null {
  const trimmed = line.trim();
  if (trimmed.startsWith("$$") && !trimmed.slice(2).includes("$$")) return "$$";
  return trimmed.startsWith("\\[") && !trimmed.includes("\\]") ? "\\]" : null;
}

/** Splits a text that grows: a block that is the same as before is the same object, so that it need not be rendered. */
export function createBlockSplitter(): (text: string, maxBlocks?: number) => readonly Block[] {
  let last: string | null = null;
  let lastMax: number | undefined;
  let blocks: readonly Block[] = [];
  return (text, maxBlocks) => {
    if (text === last && maxBlocks === lastMax) return blocks;
    blocks = splitBlocks(text, maxBlocks).map((block, index) => {
      const known = blocks[index];
      return known && isSame(known, block) ? known : block;
    });
    last = text;
    lastMax = maxBlocks;
    return blocks;
  };
}

const isSame = (a: Block, b: Block): boolean =>
  a.kind === "code"
    ? b.kind === "code" && a.code === b.code && a.language === b.language && a.isOpen === b.isOpen
    : b.kind === "text" && a.text === b.text;
