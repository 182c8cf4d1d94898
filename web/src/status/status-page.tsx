import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSession } from "../session/session.tsx";
import { Command } from "../ui/command.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { Charts } from "./charts.tsx";
import { ClientAddress } from "./client-address.tsx";
import { formats } from "./format.ts";
import { Running } from "./running.tsx";
import styles from "./status.module.css";
import { useFigures } from "./use-figures.ts";
import { WireTable } from "./wire-table.tsx";

/** What the operator watches: what is running, and how well. */
export default function StatusPage() {
  const { t } = useTranslation();
  const { account } = useSession();
  return (
    <PageFrame title={t("status.title")}>
      {account.is_open && <p className={styles.words}>{t("status.isOpen")}</p>}
      {account.is_operator ? (
        <Figures />
      ) : (
        <>
          <p>{t(account.is_claimed ? "status.forOperators" : "status.unclaimed")}</p>
          {account.is_claimed ? (
            <Command args="keys create --operator" />
          ) : (
            <Link href="/keys">{t("status.toKeys")}</Link>
          )}
        </>
      )}
      <ClientAddress isClaimed={account.is_claimed} />
    </PageFrame>
  );
}

function Figures() {
  const { t, i18n } = useTranslation();
  const { metrics, history, error } = useFigures();
  const now = history.at(-1);
  const format = formats(i18n.language);
  return (
    <>
      {error && (
        <p role="alert" className={styles.problem}>
          {t("status.noFigures", { reason: wordsOf(error) })}
        </p>
      )}
      {metrics && now ? (
        <>
          <Running metrics={metrics} now={now} format={format} />
          <Charts history={history} now={now} format={format} />
          <WireTable now={now} format={format} />
        </>
      ) : (
        !error && <p role="status">{t("session.starting")}</p>
      )}
    </>
  );
}
