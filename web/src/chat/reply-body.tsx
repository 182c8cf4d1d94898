import type { Message, Question } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { InReply } from "../artifacts/opened.tsx";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import type { ChatActions } from "./chat-actions.ts";
import { CutShort } from "./cut-short.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import { Problem } from "./problem.tsx";
import { Reasoning } from "./reasoning.tsx";
import { ReplyCalls, ReplySources } from "./steps/reply-steps.tsx";

const NOTHING_ASKED: readonly Question[] = [];

type ReplyBodyProps = {
  readonly message: Message;
  /** Whether the conversation may be gone on with from here. */
  readonly isLast: boolean;
  /** The id of what it answers. */
  readonly questionId: string | null;
  readonly actions: ChatActions;
};

/** All that a stored reply says, and how it ended if it did not end well. */
export function ReplyBody({ message, isLast, questionId, actions }: ReplyBodyProps) {
  const { t } = useTranslation();
  return (
    <>
      {message.reasoning && (
        <Reasoning text={message.reasoning} place={questionId} thoughtMs={message.reasoning_ms} />
      )}
      <ReplyCalls
        parts={message.parts}
        place={questionId}
        messageId={message.id}
        questions={NOTHING_ASKED}
      />
      <InReply value={message.id}>
        <div data-quotable>
          <Markdown text={message.content} />
        </div>
      </InReply>
      <ReplySources parts={message.parts} />
      <CutShort message={message} isLast={isLast} actions={actions} />
      {message.status === "failed" && (
        <Failed message={message} isLast={isLast} actions={actions} />
      )}
      {isCutByServer(message) && (
        <Problem text={t(message.content ? "chat.restarted" : "chat.restartedBefore")}>
          {isLast && (
            <Button look="outlined" onClick={() => actions.retry(message)}>
              {t("chat.retry")}
            </Button>
          )}
        </Problem>
      )}
    </>
  );
}

/** Among the facts of a reply: what ended it, where somebody did. */
export function EndedBy({ message }: Pick<ReplyBodyProps, "message">) {
  const { t } = useTranslation();
  if (message.status !== "interrupted" || isCutByServer(message)) return null;
  return <span>{t(ENDED[message.interrupted_by ?? "unknown"])}</span>;
}

/** The server's own words, but for what only its operator can mend. */
function Failed({
  message,
  isLast,
  actions,
}: Pick<ReplyBodyProps, "message" | "isLast" | "actions">) {
  const { t } = useTranslation();
  const { account } = useSession();
  if (message.error?.code !== "MODEL_UNAVAILABLE")
    return (
      <Problem
        text={t(message.content ? "chat.failedHalfway" : "chat.failed")}
        reason={message.error?.message ?? null}
      >
        {isLast && (
          <Button look="outlined" onClick={() => actions.retry(message)}>
            {t("chat.retryModel")}
          </Button>
        )}
      </Problem>
    );
  return (
    <Problem text={t("chat.modelUnavailable")}>
      {isLast && (
        <Button look="outlined" onClick={() => actions.retry(message)}>
          {t("chat.retryModel")}
        </Button>
      )}
      {account.is_operator && <Link href="/status">{t("chat.whyUnavailable")}</Link>}
    </Problem>
  );
}

const isCutByServer = ({ interrupted_by: by }: Message): boolean =>
  by === "crash" || by === "shutdown";

/** What ended a reply that its server did not cut off. `unknown`: stored by a version that did not note it. */
const ENDED = {
  stopped: "chat.interrupted",
  superseded: "chat.superseded",
  deleted: "chat.unfinished",
  heard: "chat.heard",
  shutdown: "chat.restarted",
  crash: "chat.restarted",
  unknown: "chat.unfinished",
} as const;
