import { common, createLowlight } from "lowlight";
import type { NodeBudget, TreeNode } from "../tree.ts";

type Part = ReturnType<ReturnType<typeof createLowlight>["highlight"]>["children"][number];

const lowlight = createLowlight(common);
const ALIASES: Readonly<Record<string, string>> = {
  tsx: "typescript",
  jsx: "javascript",
  vue: "xml",
};

/** The code in spans with the classes of highlight.js; one text where the language is not known. */
export function colourCode(
  code: string,
  language: string,
  budget: NodeBudget,
): readonly TreeNode[] {
  const wanted = language.toLowerCase();
  const known = [wanted, ALIASES[wanted] ?? ""].find((name) => lowlight.registered(name));
  if (!known) return [code];
  return lowlight.highlight(known, code).children.flatMap((part) => nodesOf(part, budget, 0));
}

function nodesOf(part: Part, budget: NodeBudget, depth: number): TreeNode[] {
  if (part.type === "text") {
    budget.take(depth);
    return [part.value];
  }
  if (part.type !== "element") return [];
  budget.take(depth);
  const { className } = part.properties;
  return [
    {
      tag: "span",
      props: { className: Array.isArray(className) ? className.join(" ") : "" },
      children: part.children.flatMap((child) => nodesOf(child, budget, depth + 1)),
    },
  ];
}
