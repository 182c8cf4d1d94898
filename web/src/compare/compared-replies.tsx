import type { Message } from "@colloquy/client";
import { Square } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { LIVE_SECOND } from "../artifacts/artifact.ts";
import type { ChatActions } from "../chat/chat-actions.ts";
import type { LiveReply } from "../chat/live/live-reply.ts";
import { LiveRow } from "../chat/live-rows.tsx";
import messageStyles from "../chat/message-row.module.css";
import { Problem } from "../chat/problem.tsx";
import { EndedBy, ReplyBody } from "../chat/reply-body.tsx";
import type { Row } from "../chat/rows.ts";
import { useModels } from "../chat/use-models.ts";
import { dateLocale } from "../i18n/index.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dot } from "../ui/mark.tsx";
import styles from "./compared-replies.module.css";
import type { Compared } from "./use-comparison.ts";

type Place = "first" | "second";

/** Two answers to one question: in two columns or, where there is no room for them, one at a time. */
export default function ComparedReplies({
  first,
  compared,
  actions,
}: {
  readonly first: Extract<Row, { kind: "compared" }>["first"];
  readonly compared: Compared;
  readonly actions: ChatActions;
}) {
  const { t } = useTranslation();
  const { data: models } = useModels();
  const [shown, setShown] = useState<Place>("first");
  const { comparison, reply: second } = compared;
  if (!comparison) return null;
  const nameOf = (model: string) => models?.find(({ id }) => id === model)?.name ?? model;
  const goOn = (branch: number | null) => {
    compared.leave();
    if (branch !== null) actions.showBranch(branch);
    actions.focus();
  };
  const both = [
    {
      place: "first",
      name: nameOf(comparison.models[0]),
      branch: comparison.branch,
      live: first.kind === "reply" ? first.live : null,
      message: first.kind === "message" ? first.message : null,
      actions,
      onStop: actions.stop,
    },
    {
      place: "second",
      name: nameOf(comparison.models[1]),
      branch: comparison.otherBranch,
      live: second?.live ?? null,
      message: second?.message ?? null,
      actions: { ...actions, decided: compared.again, tryAgain: compared.again },
      onStop: compared.stop,
    },
  ] as const;
  return (
    <div className={styles.compared}>
      <fieldset className={styles.pick}>
        <legend className="visually-hidden">{t("compare.which")}</legend>
        <div className={styles.both}>
          {both.map(({ place, name, live }) => (
            <button
              key={place}
              type="button"
              aria-pressed={shown === place}
              onClick={() => setShown(place)}
            >
              <span className={styles.name}>{name}</span>
              {isRunning(live) && <Dot isLive />}
            </button>
          ))}
        </div>
      </fieldset>
      <div className={styles.columns}>
        {both.map(({ place, name, branch, live, message, onStop, ...one }) => (
          <section
            key={place}
            className={styles.column}
            data-shown={shown === place || undefined}
            aria-label={t("compare.answerOf", { model: name })}
          >
            <header className={styles.head}>
              <h2>{name}</h2>
              {isRunning(live) && (
                <Button
                  look="outlined"
                  aria-label={t("compare.stopOf", { model: name })}
                  disabled={live?.isStopping}
                  onClick={onStop}
                >
                  <Square size={12} fill="currentColor" aria-hidden /> {t("compare.stop")}
                </Button>
              )}
            </header>
            {message ? (
              <article className={messageStyles.assistant}>
                <ReplyBody
                  message={message}
                  isLast={false}
                  questionId={comparison.questionId}
                  actions={one.actions}
                />
              </article>
            ) : live?.phase === "not_sent" ? (
              <Problem text={t("compare.notAsked", { model: name })} reason={live.problem}>
                <Button onClick={compared.again}>{t("chat.sendAgain")}</Button>
              </Problem>
            ) : (
              live && (
                <LiveRow
                  live={live}
                  questionId={comparison.questionId}
                  actions={one.actions}
                  {...(place === "second" && { source: LIVE_SECOND })}
                />
              )
            )}
            <footer className={styles.foot}>
              <Button
                look="outlined"
                aria-label={t("compare.goOnOf", { model: name })}
                disabled={branch === null}
                onClick={() => goOn(branch)}
              >
                {t("compare.goOn")}
              </Button>
              {message && (
                <>
                  <CopyButton text={() => message.content} label={t("chat.copy")} />
                  <Facts message={message} />
                </>
              )}
            </footer>
          </section>
        ))}
      </div>
      <p className="visually-hidden" role="status">
        {second?.message && t("compare.answered", { model: both[1].name })}
      </p>
    </div>
  );
}

const isRunning = (live: LiveReply | null): boolean =>
  live?.phase === "sending" || live?.phase === "replying";

/** How it ended, if not by itself; how long it took, how much was written, and what it cost. */
function Facts({ message }: { readonly message: Message }) {
  const { t } = useTranslation();
  const { took_ms: tookMs, usage } = message;
  const cost = usage?.cost_usd?.toLocaleString(dateLocale(), {
    style: "currency",
    currency: "USD",
    maximumSignificantDigits: 3,
  });
  return (
    <p className={messageStyles.facts}>
      <EndedBy message={message} />
      {message.model && <span>{message.model}</span>}
      {tookMs !== undefined && (
        <span>
          {t("compare.took", {
            seconds: (tookMs / 1000).toLocaleString(dateLocale(), { maximumFractionDigits: 1 }),
          })}
        </span>
      )}
      {usage && <span>{t("reply.tokens", { count: usage.completion_tokens })}</span>}
      <span>{cost ?? t("compare.noCost")}</span>
    </p>
  );
}
