import "katex/dist/katex.min.css";
import katex from "katex";
import {
  type ComponentProps,
  isValidElement,
  type ReactNode,
  useLayoutEffect,
  useRef,
} from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import { ELEMENTS, MarkdownCode, safeUrl } from "./elements.tsx";
import styles from "./markdown.module.css";
import { withOneMathDelimiter } from "./math-delimiters.ts";

/** No command that links or loads (`trust`), nothing larger than the page, no endless macros. */
const KATEX = { trust: false, strict: "ignore", maxSize: 40, maxExpand: 500 } as const;

/** KaTeX builds the elements itself: parsed from its HTML, their styles would be refused by the page's policy. */
function Formula({ tex, isDisplay }: { readonly tex: string; readonly isDisplay: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (!place.current) return;
    try {
      katex.render(tex, place.current, { ...KATEX, displayMode: isDisplay });
    } catch {
      // No TeX, or not yet whole: it stays readable as it was written.
      const source = document.createElement("code");
      source.textContent = tex;
      place.current.replaceChildren(source);
    }
  }, [tex, isDisplay]);
  return <span ref={place} className={isDisplay ? styles.display : undefined} />;
}

const isMath = (className: string | undefined) => className?.includes("language-math") ?? false;

const MATH_ELEMENTS: Components = {
  ...ELEMENTS,
  code: ({ className, children }) =>
    isMath(className) ? (
      <Formula tex={String(children)} isDisplay={false} />
    ) : (
      <code className={className}>{children}</code>
    ),
  pre: ({ children }: { readonly children?: ReactNode }) =>
    isValidElement<ComponentProps<"code">>(children) && isMath(children.props.className) ? (
      <Formula tex={String(children.props.children)} isDisplay />
    ) : (
      <MarkdownCode>{children}</MarkdownCode>
    ),
};

/** A text block with mathematics; the first one loads what that takes. */
export default function MathBlock({ text }: { readonly text: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[remarkGfm, [remarkMath, { singleDollarTextMath: false }]]}
      components={MATH_ELEMENTS}
      urlTransform={safeUrl}
    >
      {withOneMathDelimiter(text)}
    </ReactMarkdown>
  );
}
