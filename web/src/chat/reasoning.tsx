import { Brain } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Dot } from "../ui/mark.tsx";
import { Fold } from "./fold.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import styles from "./reasoning.module.css";

/**
 * What the model thought before it answered, folded away.
 * @param place what stays the same while the reply runs and after it
 * @param thoughtMs how long it thought; null where that is not known
 */
export function Reasoning({
  text,
  place,
  thoughtMs,
  isThinking = false,
}: {
  readonly text: string;
  readonly place: string | null;
  readonly thoughtMs: number | null;
  readonly isThinking?: boolean;
}) {
  const { t } = useTranslation();
  const label = () => {
    if (isThinking) return t("chat.thinking");
    if (thoughtMs === null) return t("chat.thoughts");
    const seconds = Math.max(1, Math.round(thoughtMs / 1000));
    if (seconds < 60) return t("chat.thoughtSeconds", { seconds });
    return t("chat.thoughtMinutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  };
  return (
    <div className={styles.reasoning}>
      <Fold
        place={place === null ? null : `thoughts ${place}`}
        sign={isThinking ? <Dot isLive /> : <Brain size={17} aria-hidden />}
        words={label()}
        className={styles.thoughts}
      >
        <Markdown text={text} />
      </Fold>
    </div>
  );
}
