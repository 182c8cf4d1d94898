import type { Element, ElementContent, Root, RootContent } from "hast";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { mayHaveMath, withOneMathDelimiter } from "../math-delimiters.ts";
import { safeUrl } from "../safe-url.ts";
import type { NodeBudget, StyleValues, TreeNode } from "../tree.ts";
import { isAllowed, withAllowedHtml } from "./allowed-html.ts";

type Content = RootContent | ElementContent;
type Props = Record<string, string | number | boolean | StyleValues>;
type DrawFormula = typeof import("./formula.ts").formulaOf;

const TO_HTML = { allowDangerousHtml: true } as const;
const plain = unified().use(remarkParse).use(remarkGfm).use(remarkRehype, TO_HTML).freeze();
const mathematical = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkMath, { singleDollarTextMath: false })
  .use(remarkRehype, TO_HTML)
  .freeze();

let knownFormulas: DrawFormula | null = null;

/** Waits for a part to load, and says so to whoever counts the time. */
export type Loading = <Part>(load: () => Promise<Part>) => Promise<Part>;

async function formulas(loading: Loading): Promise<DrawFormula | null> {
  knownFormulas ??= await loading(() =>
    import("./formula.ts").then(
      ({ formulaOf }) => formulaOf,
      () => null,
    ),
  );
  return knownFormulas;
}

/**
 * Markdown with GitHub's extensions and formulas. Of HTML in it some elements are taken
 * (allowed-html.ts), without their attributes; all else is text.
 * @throws TooLargeError
 */
export async function formatText(
  text: string,
  budget: NodeBudget,
  loading: Loading = (load) => load(),
): Promise<readonly TreeNode[]> {
  const hasMath = mayHaveMath(text);
  const drawFormula = hasMath ? await formulas(loading) : null;
  const processor = hasMath ? mathematical : plain;
  const root: Root = processor.runSync(
    processor.parse(hasMath ? withOneMathDelimiter(text) : text),
  );
  return nodesOf(root.children, { budget, drawFormula }, 0);
}

type Drawing = { readonly budget: NodeBudget; readonly drawFormula: DrawFormula | null };

function nodesOf(contents: readonly Content[], drawing: Drawing, depth: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (const content of withAllowedHtml(contents)) {
    if (content.type === "text" || content.type === "raw") {
      drawing.budget.take(depth);
      nodes.push(content.value);
    } else if (content.type === "element") {
      drawing.budget.take(depth);
      nodes.push(nodeOf(content, drawing, depth));
    }
  }
  return nodes;
}

function nodeOf(element: Element, drawing: Drawing, depth: number): TreeNode {
  const { tagName: tag, children } = element;
  const isFence = tag === "pre" && children[0]?.type === "element";
  const code = isFence ? (children[0] as Element) : element;
  if (code.tagName === "code") {
    const classes = classesOf(code);
    const text = textOf(code.children);
    if (classes.includes("language-math")) return formula(text, isFence, drawing, depth);
    if (isFence) {
      const language = classes.find((name) => name.startsWith("language-"))?.slice(9) ?? "";
      return { tag: "pre", props: { language, code: text.replace(/\n$/, "") }, children: [] };
    }
  }
  return { tag, props: propsOf(element), children: nodesOf(children, drawing, depth + 1) };
}

function formula(tex: string, isDisplay: boolean, drawing: Drawing, depth: number): TreeNode {
  const drawn = drawing.drawFormula?.(tex, isDisplay, drawing.budget) ?? null;
  if (!drawn) {
    drawing.budget.take(depth);
    return { tag: "code", props: {}, children: [tex] };
  }
  return { tag: "formula", props: { isDisplay }, children: drawn };
}

function textOf(contents: readonly Content[]): string {
  return contents
    .map((content) => {
      if (content.type === "text") return content.value;
      return content.type === "element" ? textOf(content.children) : "";
    })
    .join("");
}

const classesOf = ({ properties }: Element): string[] =>
  Array.isArray(properties.className) ? properties.className.map(String) : [];

/** By the names that React has for them; whatever is not in this list is left out. */
const REACT_NAMES: Readonly<Record<string, string>> = {
  alt: "alt",
  ariaDescribedBy: "aria-describedby",
  ariaLabel: "aria-label",
  checked: "checked",
  id: "id",
  start: "start",
  title: "title",
};

function propsOf(element: Element): Props {
  const { properties, tagName } = element;
  if (isAllowed(tagName) && properties.open !== undefined)
    return { open: properties.open === true };
  const props: Props = {};
  for (const [name, value] of Object.entries(properties)) {
    const known = REACT_NAMES[name];
    if (known && (typeof value === "string" || typeof value === "number" || value === true))
      props[known] = value;
  }
  const classes = classesOf(element);
  if (classes.length) props.className = classes.join(" ");
  const { align, href, src } = properties;
  if (typeof align === "string") props.style = { textAlign: align };
  if (typeof href === "string") props.href = safeUrl(href);
  if (typeof src === "string") props.src = safeUrl(src);
  return props;
}
