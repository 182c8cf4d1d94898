import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { IconButton } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import styles from "./first-run.module.css";
import { useModels } from "./use-models.ts";

const CLOSED = "colloquy.firstRunClosed";
const LINES = [
  "OPENROUTER_API_KEY=sk-or-… MODEL=openai/gpt-4o-mini npm start",
  "OPENAI_BASE_URL=http://localhost:8080/v1 npm start",
] as const;

/** Says to whoever runs the server that nothing but the built-in model answers, and how to connect a real one. */
export function FirstRun() {
  const { t } = useTranslation();
  const { data: models } = useModels();
  const { account } = useSession();
  const isOperator = account.is_operator || !account.is_claimed;
  const [isClosed, setClosed] = useState(() => sessionStorage.getItem(CLOSED) !== null);
  if (
    isClosed ||
    !isOperator ||
    !models?.length ||
    models.some(({ provider }) => provider !== "builtin")
  )
    return null;
  return (
    <aside className={styles.hint} aria-label={t("firstRun.label")}>
      <div className={styles.head}>
        <h2>{t("firstRun.label")}</h2>
        <IconButton
          label={t("ui.close")}
          onClick={() => {
            sessionStorage.setItem(CLOSED, "yes");
            setClosed(true);
          }}
        >
          <X size={16} aria-hidden />
        </IconButton>
      </div>
      <p>{t("firstRun.text")}</p>
      {LINES.map((line) => (
        <div key={line} className={styles.line}>
          <code dir="ltr">{line}</code>
          <CopyButton text={() => line} label={t("firstRun.copy")} />
        </div>
      ))}
      <p className={styles.more}>{t("firstRun.ollama")}</p>
    </aside>
  );
}
