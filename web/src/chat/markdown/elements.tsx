import { type ComponentType, createElement, lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Boundary } from "../../ui/boundary.tsx";
import { CodeBlock } from "./code-block.tsx";
import styles from "./markdown.module.css";
import { RemoteImage } from "./remote-image.tsx";
import type { TreeNode } from "./tree.ts";

/** What the worker says of the elements that are components here. */
type ElementProps = {
  readonly children?: ReactNode;
  readonly id?: string | undefined;
  readonly className?: string | undefined;
  readonly href?: string | undefined;
  readonly src?: string | undefined;
  readonly alt?: string | undefined;
  readonly start?: number | undefined;
  readonly checked?: boolean | undefined;
  readonly language?: string;
  readonly code?: string;
  readonly isDisplay?: boolean;
};

const FormulaWithStyle = lazy(() => import("./formula.tsx"));

function MarkdownLink({ href, children, id }: ElementProps) {
  if (!href) return <span>{children}</span>;
  if (href.startsWith("#"))
    return (
      <a href={href} id={id}>
        {children}
      </a>
    );
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
      {children}
    </a>
  );
}

function MarkdownTable({ children }: ElementProps) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <section className={styles.table} aria-label={t("markdown.table")} tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}

function TaskBox({ checked }: ElementProps) {
  const { t } = useTranslation();
  return (
    <span role="img" aria-label={t(checked ? "markdown.done" : "markdown.open")}>
      {checked ? "☑ " : "☐ "}
    </span>
  );
}

/** Without its style, should that not load, it is still there for who listens. */
function Formula({ children, isDisplay = false }: ElementProps) {
  return (
    <Boundary fallback={children}>
      <Suspense>
        <FormulaWithStyle isDisplay={isDisplay}>{children}</FormulaWithStyle>
      </Suspense>
    </Boundary>
  );
}

/** The page's own headings stand above those of a message. */
const heading = (level: 3 | 4 | 5 | 6) => {
  const Tag = `h${level}` as const;
  return ({ children, id }: ElementProps) => (
    <Tag dir="auto" id={id}>
      {children}
    </Tag>
  );
};

const COMPONENTS: Readonly<Record<string, ComponentType<ElementProps>>> = {
  a: MarkdownLink,
  img: ({ src = "", alt = "" }) => <RemoteImage source={src} alt={alt} />,
  // A fence inside a list or a quotation; the others are blocks of their own.
  pre: ({ language = "", code = "" }) => (
    <CodeBlock language={language} code={code} isOpen={false} />
  ),
  formula: Formula,
  table: MarkdownTable,
  input: TaskBox,
  h1: heading(3),
  h2: heading(4),
  h3: heading(5),
  h4: heading(6),
  h5: heading(6),
  h6: heading(6),
  p: ({ children }) => <p dir="auto">{children}</p>,
  li: ({ children, className, id }) => (
    <li dir="auto" className={className} id={id}>
      {children}
    </li>
  ),
  ul: ({ children, className }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ children, start }) => (
    <ol dir="auto" start={start}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
};

/** What a tree is in the page. */
export const elementsOf = (nodes: readonly TreeNode[]): ReactNode => nodes.map(elementOf);

function elementOf(node: TreeNode, key: number): ReactNode {
  if (typeof node === "string") return node;
  const type = COMPONENTS[node.tag] ?? node.tag;
  const children = node.children.map(elementOf);
  return createElement(type, { ...node.props, key }, children.length ? children : undefined);
}
