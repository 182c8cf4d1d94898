import { ColloquyError, type Question } from "@colloquy/client";
import { KeyRound } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../../i18n/index.ts";
import { useSession } from "../../session/session.tsx";
import { useSignIn, useSignIns } from "../../sources/use-sign-ins.ts";
import { Button } from "../../ui/button.tsx";
import { wordsOf } from "../../words-of.ts";
import styles from "./question-card.module.css";

/** The server goes on with the reply meanwhile; where it cannot yet, it is asked no more often than this. */
const LOOK_MS = 1_000;

/** A call of a tool that waits until the person has signed in to its source. */
export function SignInCard({
  question,
  onDecided,
}: {
  readonly question: Question;
  /** The person has signed in, or has declined the call, here or elsewhere. */
  readonly onDecided: (options?: { readonly keepsFocus: boolean }) => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { source, tool } = question;
  const title = useId();
  const card = useRef<HTMLElement>(null);
  const [isDeclining, setDeclining] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const { isBusy, problem, signIn } = useSignIn(source);
  const { data: signIns } = useSignIns();
  const since = signIns?.find((one) => one.source === source)?.signed_in_at ?? null;
  // Both times are the server's.
  const isOver = since !== null && since > question.asked_at;
  useEffect(() => {
    if (!isOver) return;
    const timer = setTimeout(() => {
      const hasFocus = card.current?.contains(document.activeElement) === true;
      onDecided({ keepsFocus: !hasFocus });
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [isOver, onDecided]);
  const decline = async () => {
    setDeclining(true);
    setRefusal(null);
    try {
      await client.questions.decide(question, { decision: "decline" });
      onDecided();
    } catch (error) {
      // Somebody else was first: the reply has gone on.
      if (error instanceof ColloquyError && error.status === 409) return onDecided();
      setRefusal(wordsOf(error));
      setDeclining(false);
    }
  };
  const until = new Date(question.expires_at).toLocaleString(dateLocale(), {
    dateStyle: "medium",
    timeStyle: "short",
  });
  const words = problem ?? refusal;
  return (
    <section
      ref={card}
      className={styles.card}
      aria-labelledby={title}
      data-question={question.call_id}
    >
      <header className={styles.head}>
        <KeyRound size={18} aria-hidden />
        <div>
          <h3 id={title}>{t("asks.signInTitle", { source })}</h3>
          <p>{t("asks.aboutSignIn", { source, tool })}</p>
        </div>
      </header>
      {words && (
        <p role="alert" dir="auto">
          {words}
        </p>
      )}
      <footer className={styles.ways}>
        <Button disabled={isBusy} onClick={() => void signIn()}>
          {t("asks.signIn", { source })}
        </Button>
        <Button look="outlined" disabled={isDeclining} onClick={() => void decline()}>
          {t("asks.decline")}
        </Button>
        <span className={styles.until}>{t("asks.until", { time: until })}</span>
      </footer>
    </section>
  );
}
