import type { Element, ElementContent, RootContent } from "hast";

type Content = RootContent | ElementContent;
type Mark =
  | { readonly kind: "content"; readonly content: Content }
  | { readonly kind: "open" | "close"; readonly tag: string; readonly source: string };

const WITH_CONTENT = new Set(["sub", "sup", "kbd", "details", "summary"]);
const TAG = /<(\/?)(br|sub|sup|kbd|details|summary)((?:\s[^<>]*)?)>/gi;
const OPEN = /(?:^|\s)open(?=[\s=/>]|$)/i;

/** Whether an element may come from HTML in a text. */
export const isAllowed = (tag: string): boolean => tag === "br" || WITH_CONTENT.has(tag);

/**
 * Siblings with the elements that HTML among them may make. They end with what they stand in. All other HTML, and
 * every attribute but `open`, is left as text or left out.
 */
export function withAllowedHtml(contents: readonly Content[]): readonly Content[] {
  if (!contents.some(({ type }) => type === "raw")) return contents;
  const result: Content[] = [];
  const opened: Element[] = [];
  const put = (content: Content) => {
    const parent = opened.at(-1);
    if (parent) parent.children.push(content as ElementContent);
    else result.push(content);
  };
  for (const mark of contents.flatMap(marksOf)) {
    if (mark.kind === "content") put(mark.content);
    else if (mark.kind === "close") {
      const at = opened.findLastIndex(({ tagName }) => tagName === mark.tag);
      if (at < 0) put({ type: "text", value: mark.source });
      else opened.length = at;
    } else if (mark.tag === "summary" && opened.at(-1)?.tagName !== "details") {
      put({ type: "text", value: mark.source });
    } else {
      const properties = mark.tag === "details" ? { open: OPEN.test(mark.source) } : {};
      const element: Element = {
        type: "element",
        tagName: mark.tag,
        properties,
        children: [],
      };
      put(element);
      if (WITH_CONTENT.has(mark.tag)) opened.push(element);
    }
  }
  return result;
}

function marksOf(content: Content): Mark[] {
  if (content.type !== "raw") return [{ kind: "content", content }];
  const marks: Mark[] = [];
  const { value } = content;
  let end = 0;
  const text = (until: number) => {
    if (until > end)
      marks.push({ kind: "content", content: { type: "text", value: value.slice(end, until) } });
  };
  for (const match of value.matchAll(TAG)) {
    const [source, slash, name = ""] = match;
    text(match.index);
    end = match.index + source.length;
    marks.push({ kind: slash ? "close" : "open", tag: name.toLowerCase(), source });
  }
  text(value.length);
  return marks;
}
