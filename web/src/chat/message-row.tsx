import type { Message } from "@colloquy/client";
import { Check, Clock, Pencil, RotateCcw } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { IconButton } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import type { ChatActions } from "./chat-actions.ts";
import { EditMessage } from "./edit-message.tsx";
import { MessageFiles } from "./files/message-files.tsx";
import { highlightFound } from "./found-words.ts";
import { LongText } from "./long-text.tsx";
import styles from "./message-row.module.css";
import { ReadButton } from "./reply/read-button.tsx";
import { ReplyMenu } from "./reply/reply-menu.tsx";
import { EndedBy, ReplyBody } from "./reply-body.tsx";
import { Versions } from "./versions.tsx";

type MessageRowProps = {
  readonly message: Message;
  readonly isLast: boolean;
  /** The id of what it answers. */
  readonly questionId: string | null;
  readonly isWaiting: boolean;
  readonly isFound: boolean;
  readonly isEditing: boolean;
  readonly setEditing: (messageId: string | null) => void;
  readonly actions: ChatActions;
};

/** A message that is stored, and what can be done with it. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, isFound } = props;
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    return isFound && element.current ? highlightFound(element.current) : undefined;
  }, [isFound]);
  const { t } = useTranslation();
  if (message.role === "system")
    return (
      <article className={styles.system} dir="auto">
        <LongText text={message.content} />
      </article>
    );
  const isUser = message.role === "user";
  return (
    <article
      ref={element}
      className={isUser ? styles.user : styles.assistant}
      data-found={isFound || undefined}
      data-last={props.isLast || undefined}
    >
      <h2 className="visually-hidden">{t(isUser ? "chat.you" : "chat.reply")}</h2>
      {isUser ? <Said {...props} /> : <Replied {...props} />}
    </article>
  );
});

function Said({ message, isWaiting, isEditing, setEditing, actions }: MessageRowProps) {
  const { t } = useTranslation();
  if (isEditing)
    return (
      <EditMessage
        text={message.content}
        onSend={(text) => {
          setEditing(null);
          actions.resend(message, text);
        }}
        onCancel={() => setEditing(null)}
      />
    );
  return (
    <>
      {message.attachments && <MessageFiles files={message.attachments} />}
      <p className={styles.said} dir="auto">
        <LongText text={message.content} />
      </p>
      {isWaiting && (
        <p className={styles.waiting}>
          <Clock size={14} aria-hidden /> {t("chat.waits")}
        </p>
      )}
      <div className={styles.tools}>
        <span className={styles.kept}>
          <Check size={13} aria-hidden />
          {t("chat.savedAt", { time: timeOf(message) })}
        </span>
        <IconButton label={t("chat.edit")} onClick={() => setEditing(message.id)}>
          <Pencil size={16} aria-hidden />
        </IconButton>
        <CopyButton text={() => message.content} label={t("chat.copy")} />
        <Versions message={message} actions={actions} />
      </div>
    </>
  );
}

function Replied({ message, isLast, questionId, actions }: MessageRowProps) {
  const { t } = useTranslation();
  return (
    <>
      <ReplyBody message={message} isLast={isLast} questionId={questionId} actions={actions} />
      <div className={styles.tools}>
        <CopyButton text={() => message.content} label={t("chat.copy")} data-copies={message.id} />
        {message.content !== "" && <ReadButton id={message.id} text={message.content} />}
        <IconButton label={t("chat.retry")} onClick={() => actions.retry(message)}>
          <RotateCcw size={16} aria-hidden />
        </IconButton>
        <Versions message={message} actions={actions} />
        <ReplyMenu message={message} actions={actions} />
        <span className={styles.facts}>
          <EndedBy message={message} />
          {message.model && <span>{message.model}</span>}
          <time dateTime={message.created_at}>{timeOf(message)}</time>
        </span>
      </div>
    </>
  );
}

const timeOf = ({ created_at }: Message): string =>
  new Date(created_at).toLocaleTimeString(dateLocale(), { hour: "numeric", minute: "2-digit" });
