import { useTranslation } from "react-i18next";
import { API_BASE_URL } from "../settings.ts";
import commandStyles from "../ui/command.module.css";
import styles from "./status.module.css";

/** What programs that speak OpenAI's API are to be given. */
export function ClientAddress({ isClaimed }: { readonly isClaimed: boolean }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="clients" className={styles.section}>
      <h2 id="clients">{t("status.clients")}</h2>
      <pre className={commandStyles.command}>{`${API_BASE_URL}/v1`}</pre>
      <p className={commandStyles.note}>
        {t(isClaimed ? "status.clientsKey" : "status.clientsAnyKey")}
      </p>
    </section>
  );
}
