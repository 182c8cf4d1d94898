import { useTranslation } from "react-i18next";
import { LIVE } from "../artifacts/artifact.ts";
import { InReply } from "../artifacts/opened.tsx";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dot } from "../ui/mark.tsx";
import { QuestionCard } from "./asks/question-card.tsx";
import { SignInCard } from "./asks/sign-in-card.tsx";
import type { ChatActions } from "./chat-actions.ts";
import type { LiveReply } from "./live/live-reply.ts";
import { LongText } from "./long-text.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import styles from "./message-row.module.css";
import { Problem } from "./problem.tsx";
import { Reasoning } from "./reasoning.tsx";
import { ReplyCalls, ReplySources } from "./steps/reply-steps.tsx";

/** What was said and is on its way to the server. */
export function SendingRow({
  text,
  live,
  actions,
}: {
  readonly text: string;
  readonly live: LiveReply;
  readonly actions: ChatActions;
}) {
  const { t } = useTranslation();
  return (
    <article className={styles.user}>
      <h2 className="visually-hidden">{t("chat.you")}</h2>
      <p className={styles.said} dir="auto">
        <LongText text={text} />
      </p>
      {live.files.length > 0 && (
        <p className={styles.waiting}>{live.files.map(({ name }) => name).join(", ")}</p>
      )}
      {live.phase === "not_sent" && (
        <Problem text={t("chat.notSent")} reason={live.problem}>
          <Button onClick={actions.tryAgain}>{t("chat.sendAgain")}</Button>
          <Button look="outlined" onClick={() => actions.takeBack(live)}>
            {t("chat.takeBack")}
          </Button>
        </Problem>
      )}
    </article>
  );
}

/** The reply that comes in. */
export function LiveRow({
  live,
  questionId,
  actions,
  source = LIVE,
}: {
  readonly live: LiveReply;
  /** The id of what it answers. */
  readonly questionId: string | null;
  readonly actions: Pick<ChatActions, "decided" | "tryAgain">;
  /** What the documents in it are named after. */
  readonly source?: string;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const isStill = live.phase === "lost" || live.phase === "waiting";
  const isWaiting = live.text === "" && !isStill;
  const isThinking = isWaiting && live.reasoning !== "" && live.steps.length === 0;
  const isCalling = live.steps.at(-1)?.type === "tool_call";
  return (
    <article className={styles.assistant} aria-busy={!isStill}>
      <h2 className="visually-hidden">{t("chat.reply")}</h2>
      {live.reasoning && (
        <Reasoning
          text={live.reasoning}
          place={questionId}
          thoughtMs={null}
          isThinking={isThinking}
        />
      )}
      <ReplyCalls
        parts={live.steps}
        place={questionId}
        messageId={null}
        questions={live.questions}
      />
      {!isWaiting && (
        <InReply value={source}>
          <Markdown text={live.text} />
        </InReply>
      )}
      {!isStill && !isThinking && !isCalling && (
        <p className={styles.coming}>
          <Dot isLive />
        </p>
      )}
      <ReplySources parts={live.steps} />
      {live.questions.map((question) => {
        const Card = question.kind === "sign_in" ? SignInCard : QuestionCard;
        return <Card key={question.call_id} question={question} onDecided={actions.decided} />;
      })}
      {live.isReconnecting && (
        <div className={styles.reconnecting}>
          <p role="status">{t("chat.reconnecting")}</p>
          <Button look="outlined" onClick={client.reconnect}>
            {t("chat.tryNow")}
          </Button>
        </div>
      )}
      {live.problem && live.phase !== "not_sent" && (
        <Problem text={t("chat.lost")} reason={live.problem}>
          {live.phase === "lost" && (
            <Button onClick={actions.tryAgain}>{t("chat.reconnect")}</Button>
          )}
        </Problem>
      )}
    </article>
  );
}
