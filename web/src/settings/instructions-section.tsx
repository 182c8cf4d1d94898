import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { wordsOf } from "../words-of.ts";
import { SwitchSetting } from "./setting.tsx";
import styles from "./settings.module.css";
import { MAX_INSTRUCTIONS_CHARACTERS, useInstructions } from "./use-instructions.ts";

/** What every model is told of the person; kept on the server, as one types. */
export function InstructionsSection() {
  const { t } = useTranslation();
  const id = useId();
  const { draft, problem, isSaved, excess, length, change, retry, reload } = useInstructions();
  if (problem && !draft)
    return (
      <p className={styles.problem} role="alert">
        {t("instructions.notLoaded", { reason: wordsOf(problem) })}{" "}
        <Button look="outlined" onClick={reload}>
          {t("session.retry")}
        </Button>
      </p>
    );
  if (!draft) return <p role="status">{t("session.starting")}</p>;
  const counted = t("instructions.count", {
    count: length,
    max: MAX_INSTRUCTIONS_CHARACTERS.toLocaleString(),
  });
  return (
    <>
      <div className={styles.wide}>
        <label htmlFor={id}>{t("instructions.label")}</label>
        <textarea
          id={id}
          dir="auto"
          rows={6}
          value={draft.instructions}
          aria-describedby={`${id}-hint`}
          aria-invalid={excess > 0 || undefined}
          onChange={(event) => change({ ...draft, instructions: event.target.value })}
          onBlur={retry}
        />
        <p id={`${id}-hint`} className={styles.below}>
          <span>
            {excess > 0 ? (
              <span className={styles.excess}>{t("instructions.tooMany", { count: excess })}</span>
            ) : (
              `${t("instructions.hint")} ${counted}`
            )}
          </span>
          <span role="status">{isSaved && t("settings.saved")}</span>
        </p>
        {problem && (
          <p className={styles.problem} role="alert">
            {t("instructions.notSaved", { reason: wordsOf(problem) })}{" "}
            <Button look="outlined" onClick={retry}>
              {t("session.retry")}
            </Button>
          </p>
        )}
      </div>
      <SwitchSetting
        name={t("instructions.on")}
        hint={t("instructions.onHint")}
        isOn={draft.uses_instructions}
        onChange={(isOn) => change({ ...draft, uses_instructions: isOn })}
      />
      <p className={styles.note}>{t("instructions.where")}</p>
    </>
  );
}
