import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import styles from "./voice-panel.module.css";
import type { TalkState } from "./voice-talk.ts";

type VoiceNoticesProps = { readonly state: TalkState; readonly onAsk: () => void };

const FINE: readonly TalkState["microphone"][] = ["off", "asking", "on", "muted"];

/** Whether speaking is not possible. */
export const isHindered = ({ microphone, deafness }: TalkState): boolean =>
  deafness !== null || !FINE.includes(microphone);

/** What stands in the way of speaking, and what to do about it. */
export function VoiceNotices({ state, onAsk }: VoiceNoticesProps) {
  const { t } = useTranslation();
  const { microphone, deafness, problem, phase } = state;
  return (
    <>
      {problem !== null && (
        <p role="alert" className={styles.problem} dir="auto">
          {problem}
        </p>
      )}
      {deafness !== null && phase !== "over" && (
        <div role="note" className={styles.notice}>
          <strong>{t("voice.deaf")}</strong>
          <p lang="en">{deafness}</p>
        </div>
      )}
      {microphone === "asking" && <p className={styles.hint}>{t("voice.microphone.asking")}</p>}
      {!FINE.includes(microphone) && phase !== "over" && (
        <div role="alert" className={styles.notice}>
          <strong>{t(`voice.microphone.${microphone}.title`)}</strong>
          <p>
            {t(`voice.microphone.${microphone}.advice`)} {t("voice.microphone.meanwhile")}
          </p>
          {microphone !== "insecure" && (
            <Button look="outlined" onClick={onAsk}>
              {t("voice.microphone.askAgain")}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
