import type { ToolSource } from "@colloquy/client";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import styles from "./sources.module.css";
import { ToolItem } from "./tool-item.tsx";

/** One source: whether it answers, what is wrong with it, and its tools. */
export function SourceSection({ source }: { readonly source: ToolSource }) {
  const { t } = useTranslation();
  const title = useId();
  const time = new Date(source.since).toLocaleString(dateLocale(), {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <section className={styles.source} aria-labelledby={title}>
      <header className={styles.head}>
        <h2 id={title}>{source.label}</h2>
        <p className={styles.state} data-away={!source.is_up || undefined}>
          {source.is_up ? (
            <CircleCheck size={16} aria-hidden />
          ) : (
            <CircleAlert size={16} aria-hidden />
          )}
          <time dateTime={source.since}>
            {t(source.is_up ? "sources.answersSince" : "sources.awaySince", { time })}
          </time>
        </p>
        <p>
          <code dir="ltr">{source.place}</code>
        </p>
      </header>
      {source.wants_sign_in && <p className={styles.soft}>{t("sources.eachSignsIn")}</p>}
      {source.problem !== null && (
        <p className={styles.problem} dir="auto">
          {source.problem}
        </p>
      )}
      {source.tools.length === 0 ? (
        <p className={styles.soft}>{t("sources.noTools")}</p>
      ) : (
        <ul className={styles.tools}>
          {source.tools.map((tool) => (
            <ToolItem key={tool.name} source={source.label} tool={tool} />
          ))}
        </ul>
      )}
    </section>
  );
}
