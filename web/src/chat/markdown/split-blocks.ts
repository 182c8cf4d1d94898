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

/** The blocks of a Markdown text. Their order and their texts are those of the whole. */
export function splitBlocks(text: string): Block[] {
  if (DEFINITION.test(text)) return [{ kind: "text", text }];
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: Fence | null = null;
  let mathEnd: string | null = null;
  let isList = false;
  let isAfterBlank = false;

  const closeText = () => {
    if (lines.some((line) => line.trim() !== ""))
      blocks.push({ kind: "text", text: lines.join("\n") });
    lines = [];
    isList = false;
    isAfterBlank = false;
  };
  const closeCode = ({ language, indent }: Fence, isOpen: boolean) => {
    const margin = new RegExp(`^ {0,${indent}}`);
    const code = lines.map((line) => line.replace(margin, "")).join("\n");
    blocks.push({ kind: "code", language, code, isOpen });
    lines = [];
    fence = null;
  };

  for (const line of text.split("\n")) {
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
    if (line.trim() === "") {
      isAfterBlank = true;
      lines.push(line);
      continue;
    }
    if (isAfterBlank && !goesOn(line, isList, lines)) closeText();
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
    if (lines.length === 0) isList = LIST_ITEM.test(line);
    mathEnd = mathOpenedBy(line);
    lines.push(line);
  }
  if (fence) closeCode(fence, true);
  else closeText();
  return blocks;
}

/** Whether a line after a blank one belongs to what stood before it. */
function goesOn(line: string, isList: boolean, lines: readonly string[]): boolean {
  if (isList) return /^\s/.test(line) || LIST_ITEM.test(line);
  const isIndented = (candidate: string | undefined) => /^(?: {4}|\t)/.test(candidate ?? "");
  return isIndented(line) && isIndented(lines.find((candidate) => candidate.trim() !== ""));
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
export function createBlockSplitter(): (text: string) => readonly Block[] {
  let last: string | null = null;
  let blocks: readonly Block[] = [];
  return (text) => {
    if (text === last) return blocks;
    blocks = splitBlocks(text).map((block, index) => {
      const known = blocks[index];
      return known && isSame(known, block) ? known : block;
    });
    last = text;
    return blocks;
  };
}

const isSame = (a: Block, b: Block): boolean =>
  a.kind === "code"
    ? b.kind === "code" && a.code === b.code && a.language === b.language && a.isOpen === b.isOpen
    : b.kind === "text" && a.text === b.text;
