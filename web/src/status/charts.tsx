import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { everFirstToken, pacesOf, type Snapshot } from "./figures.ts";
import type { Formats } from "./format.ts";
import { type Line, Sparkline } from "./sparkline.tsx";
import styles from "./status.module.css";

type ChartsProps = {
  readonly history: readonly Snapshot[];
  readonly now: Snapshot;
  readonly format: Formats;
};

/** How it goes, since the page was opened. */
export function Charts({ history, now, format }: ChartsProps) {
  const { t } = useTranslation();
  const paces = pacesOf(history);
  const pace = paces.at(-1);
  const ever = everFirstToken(now);
  const recent = (pace?.firstTokenP50 ?? null) === null ? null : pace;
  const shown = recent ?? ever;
  return (
    <section aria-labelledby="figures" className={styles.section}>
      <h2 id="figures">{t("status.figures")}</h2>
      <div className={styles.charts}>
        <Chart
          title={t("status.turnsPerMinute")}
          value={format.rate(pace?.turnsPerMinute ?? 0)}
          note={t("status.turnsEver", { count: now.turns, shown: format.count(now.turns) })}
          lines={[{ values: paces.map((one) => one.turnsPerMinute), look: "first" }]}
        />
        <Chart
          title={t("status.firstToken")}
          value={
            <>
              <span className={styles.p50}>{format.seconds(shown.firstTokenP50)}</span>{" "}
              <small>p50</small>{" "}
              <span className={styles.p95}>{format.seconds(shown.firstTokenP95)}</span>{" "}
              <small>p95</small>
            </>
          }
          note={t(recent ? "status.lastMinute" : "status.sinceStart")}
          lines={[
            { values: paces.map((one) => one.firstTokenP50), look: "first" },
            { values: paces.map((one) => one.firstTokenP95), look: "second" },
          ]}
          least={0.01}
        />
        <Chart
          title={t("status.errors")}
          value={
            <>
              <Count of={pace?.failedTurns ?? 0} format={format} />{" "}
              <small>{t("status.failedTurns")}</small>{" "}
              <Count of={pace?.serverErrors ?? 0} format={format} />{" "}
              <small>{t("status.serverErrors")}</small>
            </>
          }
          note={t("status.errorsEver", {
            turns: format.count(now.failedTurns),
            answers: format.count(now.serverErrors),
          })}
          lines={[
            { values: paces.map((one) => one.serverErrors), look: "second" },
            { values: paces.map((one) => one.failedTurns), look: "danger" },
          ]}
        />
        <Chart
          title={t("status.running")}
          value={format.count(now.running)}
          note={t("status.queued", { shown: format.count(now.queued) })}
          lines={[{ values: history.map((one) => one.running), look: "first" }]}
        />
        <Chart
          title={t("status.sockets")}
          value={format.count(now.sockets)}
          note={t("status.socketsNote")}
          lines={[{ values: history.map((one) => one.sockets), look: "first" }]}
        />
        <Chart
          title={t("status.processor")}
          value={format.share(pace?.processorShare ?? 0)}
          note={t("status.memory", { shown: format.megabytes(now.memoryBytes) })}
          lines={[{ values: paces.map((one) => one.processorShare), look: "first" }]}
        />
      </div>
      <p className={styles.note}>{t("status.since")}</p>
    </section>
  );
}

/** A number that should be 0. */
function Count({ of, format }: { readonly of: number; readonly format: Formats }) {
  return <span data-bad={of > 0 || undefined}>{format.count(of)}</span>;
}

type ChartProps = {
  readonly title: string;
  readonly value: ReactNode;
  readonly note: string;
  readonly lines: readonly Line[];
  readonly least?: number;
};

function Chart({ title, value, note, lines, least = 1 }: ChartProps) {
  const { t } = useTranslation();
  return (
    <figure className={styles.chart}>
      <figcaption>
        <h3>{title}</h3>
        <p className={styles.value}>{value}</p>
        <p className={styles.note}>{note}</p>
      </figcaption>
      <Sparkline lines={lines} least={least} label={t("status.chartOf", { title })} />
    </figure>
  );
}
