import { ChevronDown, Download, PanelRight, WrapText } from "lucide-react";
import { memo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { OpenedPlace } from "../../artifacts/opened.tsx";
import { IconButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy.tsx";
import { download } from "../../ui/download.ts";
import styles from "./code-block.module.css";
import { fileNameOf } from "./code-file.ts";
import { useHighlighted } from "./use-highlighted.tsx";

/** A longer one can be collapsed. */
const LONG_LINES = 40;

/** Program text with its language, what can be done with it, and colours once those are loaded. */
export const CodeBlock = memo(function CodeBlock({
  language,
  code,
  isOpen,
  beside,
}: {
  readonly language: string;
  readonly code: string;
  /** More of it is on its way. */
  readonly isOpen: boolean;
  /** Where it can be opened beside the conversation; absent: nowhere. */
  readonly beside?: OpenedPlace & { readonly open: (at: OpenedPlace) => void };
}) {
  const { t } = useTranslation();
  const highlighted = useHighlighted(code, language, isOpen);
  const [isWrapped, setWrapped] = useState(false);
  const [isCollapsed, setCollapsed] = useState(false);
  const block = useRef<HTMLElement>(null);
  const isLong = isLongerThan(code, LONG_LINES);
  return (
    <figure
      ref={block}
      className={styles.block}
      dir="ltr"
      data-wrapped={isWrapped || undefined}
      data-collapsed={(isLong && isCollapsed) || undefined}
    >
      <figcaption className={styles.caption}>
        <span className={styles.language}>{language || t("markdown.code")}</span>
        {isLong && (
          <IconButton
            label={t(isCollapsed ? "markdown.expand" : "markdown.collapse")}
            aria-expanded={!isCollapsed}
            onClick={() => {
              setCollapsed(!isCollapsed);
              // Its head may have stuck far below its beginning.
              requestAnimationFrame(() => block.current?.scrollIntoView({ block: "nearest" }));
            }}
          >
            <ChevronDown size={16} className={styles.turns} aria-hidden />
          </IconButton>
        )}
        <IconButton
          label={t("markdown.wrap")}
          aria-pressed={isWrapped}
          onClick={() => setWrapped(!isWrapped)}
        >
          <WrapText size={16} aria-hidden />
        </IconButton>
        {beside && (
          <IconButton
            label={t("artifact.open")}
            data-artifact={`${beside.source} ${beside.place}`}
            onClick={() => beside.open({ source: beside.source, place: beside.place })}
          >
            <PanelRight size={16} aria-hidden />
          </IconButton>
        )}
        <IconButton
          label={t("markdown.download")}
          onClick={() => download(fileNameOf(language), "text/plain", code)}
        >
          <Download size={16} aria-hidden />
        </IconButton>
        <CopyButton text={() => code} label={t("markdown.copyCode")} />
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

function isLongerThan(text: string, lines: number): boolean {
  let at = -1;
  for (let count = 0; count < lines; count++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return false;
  }
  return at < text.length - 1;
}
