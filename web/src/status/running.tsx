import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { wordsOf } from "../words-of.ts";
import type { Snapshot } from "./figures.ts";
import type { Formats } from "./format.ts";
import type { Metrics } from "./prometheus.ts";
import styles from "./status.module.css";
import { useHealth, useModelList } from "./use-figures.ts";

type RunningProps = {
  readonly metrics: Metrics;
  readonly now: Snapshot;
  readonly format: Formats;
};

/** What is running: the server, its store, its models, its ears and its voice. */
export function Running({ metrics, now, format }: RunningProps) {
  const { t } = useTranslation();
  const health = useHealth();
  const models = useModelList();
  const info = metrics.get("colloquy_info")?.[0]?.labels;
  const node = metrics.get("colloquy_nodejs_version_info")?.[0]?.labels.version;
  const services = health.data?.services;
  const engines = health.data?.engines;
  const problems = metrics.get("colloquy_model_problem") ?? [];
  const usual = models.data?.find((model) => model.is_default);
  return (
    <section aria-labelledby="running" className={styles.section}>
      <h2 id="running">
        {t("status.what")}{" "}
        {health.data && (
          <State isGood={health.data.status === "healthy"} name={health.data.status} />
        )}
      </h2>
      {health.error && (
        <p role="alert" className={styles.problem}>
          {wordsOf(health.error)}
        </p>
      )}
      <dl className={styles.facts}>
        <Fact name={t("status.version")}>
          Colloquy {health.data?.version ?? info?.version ?? "–"}
          {node && <span className={styles.note}> · Node {node}</span>}
        </Fact>
        <Fact name={t("status.uptime")}>{format.duration(now.atMs - now.startedAtMs)}</Fact>
        <Fact name={t("status.store")}>{info?.store ?? "–"}</Fact>
        <Fact name={t("status.model")}>
          {usual?.id ?? "–"} {services && <State isGood={services.ai_service} />}
        </Fact>
        <Fact name={t("status.hears")}>
          {engines?.hears ?? t("status.none")}{" "}
          {engines?.hears && services && <State isGood={services.audio_pipeline} />}
        </Fact>
        <Fact name={t("status.speaks")}>
          {engines?.speaks ?? t("status.none")}{" "}
          {engines?.speaks && services && <State isGood={services.audio_processor} />}
        </Fact>
      </dl>
      {problems.map(({ labels }) => (
        <p key={`${labels.provider}/${labels.model}`} role="alert" className={styles.problem}>
          {labels.model ? t("status.problem", labels) : labels.problem}
        </p>
      ))}
      {models.error && <p className={styles.problem}>{wordsOf(models.error)}</p>}
      {models.data && models.data.length > 0 && (
        <details>
          <summary>{t("status.models", { count: models.data.length })}</summary>
          <ul className={styles.models}>
            {models.data.map((model) => (
              <li key={model.id}>
                {model.id} <span className={styles.note}>{model.provider}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function State({
  isGood,
  name = isGood ? "works" : "fails",
}: {
  readonly isGood: boolean;
  readonly name?: "healthy" | "unhealthy" | "works" | "fails";
}) {
  const { t } = useTranslation();
  return (
    <span className={styles.state} data-good={isGood}>
      {t(`status.state.${name}`)}
    </span>
  );
}
