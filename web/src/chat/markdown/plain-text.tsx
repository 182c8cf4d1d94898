import { LongText } from "../long-text.tsx";
import styles from "./markdown.module.css";

/** A text as it was written. */
export function PlainText({ text }: { readonly text: string }) {
  return (
    <p className={styles.plain} dir="auto">
      <LongText text={text} />
    </p>
  );
}
