import { useId } from "react";
import { useTranslation } from "react-i18next";
import styles from "./source-list.module.css";
import { type CallsProps, sourcesIn } from "./steps-in.ts";

/** The pages that a reply cites, numbered. */
export default function SourceList({ parts = [] }: Pick<CallsProps, "parts">) {
  const { t } = useTranslation();
  const title = useId();
  const sources = sourcesIn(parts);
  if (sources.length === 0) return null;
  return (
    <div className={styles.sources} data-sources>
      <p id={title}>{t("steps.sources")}</p>
      <ol aria-labelledby={title}>
        {sources.map(({ title, url, host }, index) => (
          <li key={url}>
            <a
              href={url}
              target="_blank"
              rel="noopener noreferrer nofollow"
              referrerPolicy="no-referrer"
            >
              <span className={styles.number}>{index + 1}</span>
              <span className={styles.page}>
                <b dir="auto">{title}</b> <small dir="ltr">{host}</small>
              </span>
            </a>
          </li>
        ))}
      </ol>
    </div>
  );
}
