import { useTranslation } from "react-i18next";
import styles from "./command.module.css";

/** What is to be typed on the server's machine. It fetches nothing from anywhere. */
export function Command({ args }: { readonly args: string }) {
  const { t } = useTranslation();
  return (
    <>
      <pre className={styles.command}>./colloquy {args}</pre>
      <p className={styles.note}>{t("ui.commandNote")}</p>
    </>
  );
}
