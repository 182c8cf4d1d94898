import { ColloquyError, type Decision, type Question } from "@colloquy/client";
import { Hand } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../../i18n/index.ts";
import { useSession } from "../../session/session.tsx";
import { Button } from "../../ui/button.tsx";
import { wordsOf } from "../../words-of.ts";
import styles from "./question-card.module.css";
import { readable } from "./readable.ts";

/** A call of a tool that waits, with exactly what would be sent, and what can be decided about it. */
export function QuestionCard({
  question,
  onDecided,
}: {
  readonly question: Question;
  /** It is decided, here or elsewhere. */
  readonly onDecided: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const title = useId();
  const [isDeciding, setDeciding] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const decide = async (decision: Decision) => {
    setDeciding(true);
    setProblem(null);
    try {
      await client.questions.decide(question, decision);
      onDecided();
    } catch (error) {
      // Somebody else was first: the reply has gone on.
      if (error instanceof ColloquyError && error.status === 409) return onDecided();
      setProblem(wordsOf(error));
      setDeciding(false);
    }
  };
  const allow = (remember: Decision["remember"]) => void decide({ decision: "allow", remember });
  const until = new Date(question.expires_at).toLocaleString(dateLocale(), {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <section className={styles.card} aria-labelledby={title} data-question={question.call_id}>
      <header className={styles.head}>
        <Hand size={18} aria-hidden />
        <div>
          <h3 id={title}>{t("asks.title", { tool: question.tool })}</h3>
          <p>{t("asks.about", { source: question.source })}</p>
        </div>
      </header>
      <p className={styles.exact}>{t("asks.exactly")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard */}
      <pre className={styles.given} tabIndex={0} dir="ltr">
        {readable(question.arguments)}
      </pre>
      {problem && <p role="alert">{problem}</p>}
      <footer className={styles.ways}>
        <Button disabled={isDeciding} onClick={() => allow("once")}>
          {t("asks.once")}
        </Button>
        <Button look="outlined" disabled={isDeciding} onClick={() => allow("conversation")}>
          {t("asks.here")}
        </Button>
        <Button look="outlined" disabled={isDeciding} onClick={() => allow("always")}>
          {t("asks.always")}
        </Button>
        <Button
          look="outlined"
          disabled={isDeciding}
          onClick={() => void decide({ decision: "decline" })}
        >
          {t("asks.decline")}
        </Button>
        <span className={styles.until}>{t("asks.until", { time: until })}</span>
      </footer>
    </section>
  );
}
