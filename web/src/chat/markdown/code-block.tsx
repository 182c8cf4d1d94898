import { memo } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "../../ui/copy.tsx";
import styles from "./code-block.module.css";
import { useHighlighted } from "./use-highlighted.tsx";

/** Program text with its language, a button that copies it, and colours once those are loaded. */
export const CodeBlock = memo(function CodeBlock({
  language,
  code,
  isOpen,
}: {
  readonly language: string;
  readonly code: string;
  /** More of it is on its way. */
  readonly isOpen: boolean;
}) {
  const { t } = useTranslation();
  const highlighted = useHighlighted(code, language, isOpen);
  return (
    <figure className={styles.block} dir="ltr">
      <figcaption className={styles.caption}>
        <span>{language || t("markdown.code")}</span>
        <CopyButton text={() => code} label={t("markdown.copyCode")} className={styles.copy} />
      </figcaption>
      <section
        className={styles.scroller}
        aria-label={t("markdown.codeIn", { language: language || t("markdown.code") })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
        tabIndex={0}
      >
        <pre>
          <code>{highlighted}</code>
        </pre>
      </section>
    </figure>
  );
});
