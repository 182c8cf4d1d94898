import { Brain, ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dot } from "../ui/mark.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import styles from "./reasoning.module.css";

/** Those that somebody has opened stay open: when their reply ends, and when one scrolls away and comes back. */
const opened = new Set<string>();

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
  const panel = useId();
  const [isOpen, setOpen] = useState(() => place !== null && opened.has(place));
  const toggle = () => {
    if (place !== null && !isOpen) opened.add(place);
    else if (place !== null) opened.delete(place);
    setOpen(!isOpen);
  };
  const label = () => {
    if (isThinking) return t("chat.thinking");
    if (thoughtMs === null) return t("chat.thoughts");
    const seconds = Math.max(1, Math.round(thoughtMs / 1000));
    if (seconds < 60) return t("chat.thoughtSeconds", { seconds });
    return t("chat.thoughtMinutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  };
  return (
    <div className={styles.reasoning}>
      <button
        type="button"
        className={styles.fold}
        aria-expanded={isOpen}
        aria-controls={isOpen ? panel : undefined}
        onClick={toggle}
      >
        <span className={styles.station}>
          {isThinking ? <Dot isLive /> : <Brain size={17} aria-hidden />}
        </span>
        {label()}
        <ChevronRight size={15} className={styles.turns} aria-hidden />
      </button>
      {isOpen && (
        <div className={styles.thoughts} id={panel}>
          <Markdown text={text} />
        </div>
      )}
    </div>
  );
}
