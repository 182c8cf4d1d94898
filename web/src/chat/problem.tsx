import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import styles from "./problem.module.css";

/** That something did not work, in a sentence, and what one can do; the reason is folded away. */
export function Problem({
  text,
  reason = null,
  children,
}: {
  readonly text: string;
  readonly reason?: string | null;
  readonly children?: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <div className={styles.problem} role="alert">
      <CircleAlert size={18} aria-hidden />
      <div className={styles.words}>
        <p>{text}</p>
        {reason && (
          <details>
            <summary>{t("chat.details")}</summary>
            <p className={styles.reason} dir="auto">
              {reason}
            </p>
          </details>
        )}
      </div>
      {children}
    </div>
  );
}
