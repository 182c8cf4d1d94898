import { common, createLowlight } from "lowlight";

/** Text, or parts that share a class of highlight.js. */
export type Highlighted =
  | string
  | { readonly className: string; readonly parts: readonly Highlighted[] };

/** Null: the language is not known. */
export type Highlight = (code: string, language: string) => readonly Highlighted[] | null;

type Node = ReturnType<ReturnType<typeof createLowlight>["highlight"]>["children"][number];

const lowlight = createLowlight(common);
const ALIASES: Readonly<Record<string, string>> = {
  tsx: "typescript",
  jsx: "javascript",
  vue: "xml",
};

export const highlight: Highlight = (code, language) => {
  const wanted = language.toLowerCase();
  const known = [wanted, ALIASES[wanted] ?? ""].find((name) => lowlight.registered(name));
  return known ? lowlight.highlight(known, code).children.flatMap(partOf) : null;
};

function partOf(node: Node): Highlighted[] {
  if (node.type === "text") return [node.value];
  if (node.type !== "element") return [];
  const { className } = node.properties;
  const parts = node.children.flatMap(partOf);
  return [{ className: Array.isArray(className) ? className.join(" ") : "", parts }];
}
