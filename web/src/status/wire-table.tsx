import { useTranslation } from "react-i18next";
import type { Snapshot } from "./figures.ts";
import type { Formats } from "./format.ts";
import styles from "./status.module.css";

/** The turns of each wire. */
export function WireTable({ now, format }: { readonly now: Snapshot; readonly format: Formats }) {
  const { t } = useTranslation();
  if (now.byWire.length === 0) return null;
  return (
    <section aria-labelledby="wires" className={styles.section}>
      <h2 id="wires">{t("status.byWire")}</h2>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("status.wire")}</th>
            <th scope="col">{t("status.turns")}</th>
            <th scope="col">{t("status.failed")}</th>
          </tr>
        </thead>
        <tbody>
          {now.byWire.map(({ wire, turns, failed }) => (
            <tr key={wire}>
              <th scope="row">{wire}</th>
              <td>{format.count(turns)}</td>
              <td>{format.count(failed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
