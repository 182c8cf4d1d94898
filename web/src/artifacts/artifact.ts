import { splitBlocks } from "../chat/markdown/split-blocks.ts";

/** What a document is, which says how it can be looked at. */
export type ArtifactKind = "html" | "svg" | "markdown" | "csv" | "code";

/** A document in a reply that can be opened beside the conversation. */
export type Artifact = {
  /** The id of the reply, or LIVE for the one that is being written. */
  readonly source: string;
  /** Its place among the program texts of the reply. */
  readonly place: number;
  readonly kind: ArtifactKind;
  readonly language: string;
  /** What it calls itself; null: it has no name. */
  readonly name: string | null;
  readonly text: string;
};

/** The source of what is in the reply that is being written. */
export const LIVE = "live";
/** The same of a reply beside another one. */
export const LIVE_SECOND = "live-second";

const MIN_LINES: Readonly<Record<ArtifactKind, number>> = {
  html: 8,
  svg: 8,
  markdown: 8,
  csv: 4,
  code: 15,
};
const KINDS: ReadonlyMap<string, ArtifactKind> = new Map([
  ["html", "html"],
  ["htm", "html"],
  ["xhtml", "html"],
  ["svg", "svg"],
  ["markdown", "markdown"],
  ["md", "markdown"],
  ["csv", "csv"],
  ["tsv", "csv"],
]);
/** Whole documents, however short they are. */
const WHOLE = /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype|html|svg)[\s>]/i;
const SVG = /^\s*(?:<\?xml[^>]*>\s*)?<svg[\s>]/i;
const MAX_NAME_CHARACTERS = 80;
/** A name stands at the beginning. */
const MAX_READ_CHARACTERS = 4_000;

/** What a program text is as a document; null: too short to be one. */
export function kindOf(language: string, code: string): ArtifactKind | null {
  const kind = KINDS.get(language.toLowerCase()) ?? (SVG.test(code) ? "svg" : "code");
  const isWhole = kind !== "code" && WHOLE.test(code);
  if (!isWhole && !hasLines(code, MIN_LINES[kind])) return null;
  return kind === "html" && SVG.test(code) ? "svg" : kind;
}

/** What can be looked at otherwise than as program text stands as a link in the reply. */
export const isDocument = (kind: ArtifactKind | null): boolean => kind !== null && kind !== "code";

function hasLines(text: string, lines: number): boolean {
  let at = -1;
  for (let count = 1; count < lines; count++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return false;
  }
  return true;
}

export function nameOf(kind: ArtifactKind, text: string): string | null {
  const head = text.slice(0, MAX_READ_CHARACTERS);
  const found =
    kind === "html" || kind === "svg"
      ? (/<title[^>]*>([^<]*)/i.exec(head) ??
        /<h1[^>]*>([^<]*)/i.exec(head) ??
        /<svg[^>]*\saria-label="([^"]*)"/i.exec(head))
      : kind === "markdown"
        ? /^ {0,3}#{1,3} +(.+?)[ #]*$/m.exec(head)
        : kind === "code"
          ? /^(?:#|\/\/|--|;|\/\*|<!--) *(?:file(?:name)?: *)?([\w./-]*\w\.\w{1,10})\b/.exec(head)
          : null;
  const name = found?.[1]?.replace(/\s+/g, " ").trim();
  return name ? Array.from(name).slice(0, MAX_NAME_CHARACTERS).join("") : null;
}

/** The documents of a reply, in order. */
export function artifactsIn(source: string, content: string): readonly Artifact[] {
  if (!/```|~~~/.test(content)) return [];
  let place = -1;
  return splitBlocks(content).flatMap((block) => {
    if (block.kind !== "code") return [];
    place += 1;
    const { language, code: text } = block;
    const kind = kindOf(language, text);
    return kind ? [{ source, place, kind, language, name: nameOf(kind, text), text }] : [];
  });
}

/** What is compared of two documents. */
const MAX_LINES_COMPARED = 2_000;
/** So much of the lines of the shorter one is in the other, where one is a version of the other. */
const MIN_SHARE = 0.5;

/** The versions of a document, oldest first, with itself among them: those before and after it that are like it. */
export function versionsOf(all: readonly Artifact[], opened: Artifact): readonly Artifact[] {
  const at = all.indexOf(opened);
  if (at < 0) return [opened];
  const versions = [opened];
  for (let index = at - 1, known = opened; index >= 0; index--) {
    const before = all[index];
    if (!before || !isVersion(known, before)) continue;
    versions.unshift(before);
    known = before;
  }
  for (let index = at + 1, known = opened; index < all.length; index++) {
    const next = all[index];
    if (!next || !isVersion(known, next)) continue;
    versions.push(next);
    known = next;
  }
  return versions;
}

function isVersion(one: Artifact, other: Artifact): boolean {
  if (one.kind !== other.kind || one.language.toLowerCase() !== other.language.toLowerCase())
    return false;
  if (one.name !== null && one.name === other.name) return true;
  const [few, many] = [linesOf(one.text), linesOf(other.text)].sort((a, b) => a.size - b.size);
  if (!few?.size || !many) return false;
  let shared = 0;
  for (const line of few) if (many.has(line)) shared += 1;
  return shared / few.size >= MIN_SHARE && few.size >= many.size / 4;
}

const linesOf = (text: string): Set<string> =>
  new Set(
    text
      .split("\n", MAX_LINES_COMPARED)
      .map((line) => line.trim())
      .filter(Boolean),
  );
