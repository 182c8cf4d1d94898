import "katex/dist/katex.min.css";
import type { ReactNode } from "react";
import styles from "./markdown.module.css";

/** The elements that KaTeX made, and its style. */
export default function Formula({
  isDisplay,
  children,
}: {
  readonly isDisplay: boolean;
  readonly children?: ReactNode;
}) {
  return <span className={isDisplay ? styles.display : undefined}>{children}</span>;
}
