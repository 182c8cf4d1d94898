import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Markdown } from "../chat/markdown/markdown.tsx";
import { useHighlighted } from "../chat/markdown/use-highlighted.tsx";
import { API_BASE_URL } from "../settings.ts";
import { useSettled } from "../ui/use-settled.ts";
import type { ArtifactKind } from "./artifact.ts";
import styles from "./artifact-panel.module.css";
import { changesBetween } from "./changes.ts";
import { Apart } from "./opened.tsx";
import { tableOf } from "./table-of.ts";

/** Changes of so many lines are drawn. */
const MAX_CHANGED_LINES = 5_000;
const RESTS_MS = 400;
/** A drawing takes the width that there is. */
const DRAWING_STYLE =
  "<style>html,body{margin:0;min-height:100%}body{display:grid;place-items:center;padding:1rem;box-sizing:border-box;background:#fbfaf7}svg{max-width:100%;height:auto}</style>";

export function Preview({
  kind,
  text,
  title,
  isGrowing,
}: {
  readonly kind: ArtifactKind;
  readonly text: string;
  readonly title: string;
  /** More of it is on its way. */
  readonly isGrowing: boolean;
}) {
  switch (kind) {
    case "html":
      return <ClosedFrame html={text} title={title} isGrowing={isGrowing} />;
    case "svg":
      return (
        <ClosedFrame
          html={DRAWING_STYLE + text.replace(/^\s*<\?xml[^>]*>\s*/i, "")}
          title={title}
          isGrowing={isGrowing}
        />
      );
    case "markdown":
      return (
        <Apart>
          <article className={styles.document}>
            <Markdown text={text} />
          </article>
        </Apart>
      );
    case "csv":
      return <TextTable text={text} />;
    case "code":
      return null;
  }
}

/**
 * A document in a frame with an origin of its own, whose policy refuses scripts and everything from elsewhere
 * (server/src/dialects/web/preview.ts).
 */
function ClosedFrame({
  html,
  title,
  isGrowing,
}: {
  readonly html: string;
  readonly title: string;
  readonly isGrowing: boolean;
}) {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [isThere, setThere] = useState(false);
  // A document that is being written is drawn when it rests.
  const rested = useSettled(html, RESTS_MS);
  const drawn = isGrowing ? rested : html;
  useEffect(() => {
    if (isThere) frame.current?.contentWindow?.postMessage({ html: drawn }, "*");
  }, [isThere, drawn]);
  return (
    <iframe
      ref={frame}
      className={styles.frame}
      title={t("artifact.previewOf", { title })}
      src={`${API_BASE_URL}/app/preview`}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      onLoad={() => setThere(true)}
    />
  );
}

function TextTable({ text }: { readonly text: string }) {
  const { t } = useTranslation();
  const { rows, isCut } = useMemo(() => tableOf(text), [text]);
  const [head = [], ...body] = rows;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.table} aria-label={t("markdown.table")} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {head.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                <th key={column} scope="col" dir="auto">
                  {cell}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {body.map((cells, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
              <tr key={row}>
                {cells.map((cell, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                  <td key={column} dir="auto" data-number={isNumber(cell) || undefined}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {isCut && <p className={styles.note}>{t("artifact.tableCut")}</p>}
    </>
  );
}

const isNumber = (cell: string): boolean => /^\s*[-+−]?[\d.,' ]*\d\s*%?\s*$/.test(cell);

export function ProgramText({
  text,
  language,
}: {
  readonly text: string;
  readonly language: string;
}) {
  const { t } = useTranslation();
  const highlighted = useHighlighted(text, language, false);
  return (
    <section
      className={styles.text}
      dir="ltr"
      aria-label={t("artifact.view.code")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <pre>
        <code>{highlighted}</code>
      </pre>
    </section>
  );
}

export function Changes({ before, after }: { readonly before: string; readonly after: string }) {
  const { t } = useTranslation();
  const lines = useMemo(() => changesBetween(before, after), [before, after]);
  return (
    <section
      className={styles.text}
      dir="ltr"
      aria-label={t("artifact.view.changes")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <pre>
        {lines.slice(0, MAX_CHANGED_LINES).map(({ kind, text }, line) => {
          const Tag = kind === "gone" ? "del" : kind === "new" ? "ins" : "span";
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
            <Tag key={line} className={styles[kind]}>
              {kind === "gone" ? "− " : kind === "new" ? "+ " : "  "}
              {text}
              {"\n"}
            </Tag>
          );
        })}
      </pre>
      {lines.length > MAX_CHANGED_LINES && (
        <p className={styles.note}>{t("artifact.changesCut")}</p>
      )}
    </section>
  );
}
