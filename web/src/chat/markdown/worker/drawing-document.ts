import type { NodeBudget, TreeNode } from "../tree.ts";

type Drawn = DrawnElement | DrawnText;

class DrawnText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** As much of an element as KaTeX builds formulas from. */
export class DrawnElement {
  readonly tag: string;
  readonly style: Record<string, string> = {};
  className = "";
  readonly #attributes: Record<string, string> = {};
  #children: Drawn[] = [];

  constructor(tag: string) {
    this.tag = tag;
  }

  set textContent(text: string) {
    this.#children = text === "" ? [] : [new DrawnText(text)];
  }

  setAttribute(name: string, value: string): void {
    if (name === "class") this.className = value;
    else this.#attributes[name] = String(value);
  }

  appendChild(child: Drawn): void {
    if (child instanceof DrawnElement && child.tag === "") this.#children.push(...child.#children);
    else this.#children.push(child);
  }

  toNodes(budget: NodeBudget, depth: number): TreeNode[] {
    return this.#children.map((child) => {
      budget.take(depth);
      if (child instanceof DrawnText) return child.text;
      return {
        tag: child.tag,
        props: {
          ...child.#attributes,
          ...(child.className && { className: child.className }),
          ...(Object.keys(child.style).length > 0 && { style: child.style }),
        },
        children: child.toNodes(budget, depth + 1),
      };
    });
  }
}

/** What stands for `document` while KaTeX works in a worker. */
export const drawingDocument = {
  compatMode: "CSS1Compat",
  createElement: (tag: string) => new DrawnElement(tag),
  createElementNS: (_namespace: string, tag: string) => new DrawnElement(tag),
  createTextNode: (text: string) => new DrawnText(text),
  createDocumentFragment: () => new DrawnElement(""),
};
