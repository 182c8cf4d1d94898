import { textFormatter } from "../markdown/formatter.ts";
import { splitBlocks } from "../markdown/split-blocks.ts";
import type { TreeElement, TreeNode } from "../markdown/tree.ts";

/** What other programs understand, by the names that they have there. */
const TAGS: ReadonlyMap<string, string> = new Map(
  (
    "h1 h2 h3 h4 h5 h6 p ul ol li blockquote table thead tbody tr th td strong em del code a " +
    "br hr sub sup kbd"
  )
    .split(" ")
    .map((tag) => [tag, tag]),
);
const EMPTY = new Set(["br", "hr"]);

/** Copies a reply as it is shown, for programs that take formatted text, and as it was written for all others. */
export async function copyRich(markdown: string): Promise<void> {
  const plain = new Blob([markdown], { type: "text/plain" });
  const html = richTextOf(markdown).then((text) => new Blob([text], { type: "text/html" }));
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": plain, "text/html": html })]);
}

async function richTextOf(markdown: string): Promise<string> {
  const parts: string[] = [];
  for (const block of splitBlocks(markdown)) {
    if (block.kind === "code") {
      parts.push(preOf(block.code));
      continue;
    }
    const formatted = await textFormatter.format({ kind: "text", text: block.text }, () => true);
    parts.push(
      formatted && "nodes" in formatted
        ? formatted.nodes.map(htmlOf).join("")
        : `<p>${escaped(block.text).replaceAll("\n", "<br>")}</p>`,
    );
  }
  return parts.join("\n");
}

function htmlOf(node: TreeNode): string {
  if (typeof node === "string") return escaped(node);
  const { tag, props } = node;
  if (tag === "pre" && typeof props.code === "string") return preOf(props.code);
  if (tag === "formula") return `<code>${escaped(texOf(node))}</code>`;
  if (tag === "input") return props.checked ? "☑ " : "☐ ";
  if (tag === "img") return typeof props.alt === "string" ? escaped(props.alt) : "";
  const inside = node.children.map(htmlOf).join("");
  const name = TAGS.get(tag);
  if (!name) return inside;
  if (EMPTY.has(name)) return `<${name}>`;
  return `<${name}${attributesOf(node)}>${inside}</${name}>`;
}

function attributesOf({ tag, props: { href, start } }: TreeElement): string {
  if (tag === "a" && typeof href === "string" && /^(?:https?:|mailto:)/i.test(href))
    return ` href="${escaped(href)}"`;
  return tag === "ol" && typeof start === "number" ? ` start="${start}"` : "";
}

/** The formula as it was written, which is in it for those who listen. */
function texOf(node: TreeElement): string {
  const written = find(node, "annotation") ?? node;
  return textIn(written);
}

function find(node: TreeElement, tag: string): TreeElement | null {
  for (const child of node.children) {
    if (typeof child === "string") continue;
    const found = child.tag === tag ? child : find(child, tag);
    if (found) return found;
  }
  return null;
}

const textIn = (node: TreeNode): string =>
  typeof node === "string" ? node : node.children.map(textIn).join("");

const preOf = (code: string): string => `<pre><code>${escaped(code)}</code></pre>`;

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
