import { type ComponentProps, isValidElement, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Components } from "react-markdown";
import { CodeBlock } from "./code-block.tsx";
import styles from "./markdown.module.css";
import { RemoteImage } from "./remote-image.tsx";

const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;

/** What an address may be: absolute, and of a kind that runs nothing. "" for any other. */
export const safeUrl = (url: string): string =>
  SAFE_LINK.test(url) || /^#[\w-]*$/.test(url) ? url : "";

function MarkdownLink({ href, children, id }: ComponentProps<"a">) {
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

/** A fence inside a list or a quotation; the others are blocks of their own. */
export function MarkdownCode({ children }: { readonly children?: ReactNode }) {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children))
    return <pre>{children}</pre>;
  const language = /language-(\S+)/.exec(children.props.className ?? "")?.[1] ?? "";
  const code = String(children.props.children ?? "").replace(/\n$/, "");
  return <CodeBlock language={language} code={code} isOpen={false} />;
}

function MarkdownTable({ children }: { readonly children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <section className={styles.table} aria-label={t("markdown.table")} tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}

function TaskBox({ checked }: ComponentProps<"input">) {
  const { t } = useTranslation();
  return (
    <span role="img" aria-label={t(checked ? "markdown.done" : "markdown.open")}>
      {checked ? "☑ " : "☐ "}
    </span>
  );
}

/** The page's own headings stand above those of a message. */
const heading = (level: 3 | 4 | 5 | 6) => {
  const Tag = `h${level}` as const;
  return ({
    children,
    id,
  }: {
    readonly children?: ReactNode;
    readonly id?: string | undefined;
  }) => (
    <Tag dir="auto" id={id}>
      {children}
    </Tag>
  );
};

export const ELEMENTS: Components = {
  a: MarkdownLink,
  img: ({ src, alt }) => <RemoteImage source={String(src ?? "")} alt={alt ?? ""} />,
  pre: MarkdownCode,
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
