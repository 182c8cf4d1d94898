import type { Question } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { type ConversationList, listKey } from "../conversations/list-cache.ts";
import { dateLocale } from "../i18n/index.ts";
import { Button } from "../ui/button.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./asks.module.css";
import { useQuestions } from "./use-questions.ts";

/** Every call that waits for a decision, and the way to its conversation, where it is decided. */
export default function QuestionsPage() {
  const { t } = useTranslation();
  const { data: questions, error, refetch } = useQuestions();
  return (
    <PageFrame title={t("asks.open")}>
      <p className={styles.about}>{t("asks.aboutOpen")}</p>
      {error && !questions && (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {questions?.length === 0 && <p role="status">{t("asks.none")}</p>}
      <ul className={styles.list} aria-label={t("asks.open")}>
        {questions?.map((question) => (
          <QuestionRow key={`${question.message_id} ${question.call_id}`} question={question} />
        ))}
      </ul>
    </PageFrame>
  );
}

function QuestionRow({ question }: { readonly question: Question }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { conversation_id: id, kind, tool, source, expires_at } = question;
  const { pinned = [], items = [] } = queries.getQueryData<ConversationList>(listKey) ?? {};
  const title = [...pinned, ...items].find((conversation) => conversation.id === id)?.title;
  const time = new Date(expires_at).toLocaleString(dateLocale(), {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <li>
      <Link href={`/c/${id}`} className={styles.words}>
        <b dir="auto">
          {kind === "sign_in" ? t("asks.signInTitle", { source }) : t("asks.title", { tool })}
        </b>
        {title && <span dir="auto">{title}</span>}
        <small dir="auto">
          {source} · {t("asks.until", { time })}
        </small>
      </Link>
    </li>
  );
}
