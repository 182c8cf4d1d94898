import { useTranslation } from "react-i18next";
import styles from "./pinned-question.module.css";

/** One line shows no more. */
const MAX_CHARACTERS = 300;

/** The question that is being answered, in one line, while it is itself out of view. */
export function PinnedQuestion({
  text,
  onOpen,
}: {
  readonly text: string;
  readonly onOpen: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className={styles.pinned}>
      <button
        type="button"
        className="fade-end"
        dir="auto"
        title={t("chat.toQuestion")}
        onClick={onOpen}
      >
        {text.slice(0, MAX_CHARACTERS)}
      </button>
    </div>
  );
}
