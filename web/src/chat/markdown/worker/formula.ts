import katex from "katex";
import type { NodeBudget, TreeNode } from "../tree.ts";
import { DrawnElement, drawingDocument } from "./drawing-document.ts";

/** No command that links or loads (`trust`), nothing larger than the page, no endless macros. */
const OPTIONS = { trust: false, strict: "ignore", maxSize: 40, maxExpand: 500 } as const;

/** @returns null where the text is no TeX, or is not yet whole */
export function formulaOf(
  tex: string,
  isDisplay: boolean,
  budget: NodeBudget,
): readonly TreeNode[] | null {
  const place = new DrawnElement("span");
  // KaTeX builds elements by whatever is called `document`; a worker has none.
  Object.assign(globalThis, { document: drawingDocument });
  try {
    katex.render(tex, place as unknown as HTMLElement, { ...OPTIONS, displayMode: isDisplay });
  } catch {
    return null;
  }
  return place.toNodes(budget, 0);
}
