import type { SharedMessage } from "@colloquy/client";
import { Paperclip } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { LongText } from "../chat/long-text.tsx";
import { Markdown } from "../chat/markdown/markdown.tsx";
import styles from "./reading.module.css";

/** Messages to be read and nothing else: on the page of a link, and on paper. */
export const Reading = memo(function Reading({
  messages,
  isWhole = false,
}: {
  readonly messages: readonly SharedMessage[];
  /** Whether long messages are shown to their end without being asked for it. */
  readonly isWhole?: boolean;
}) {
  const { t } = useTranslation();
  return messages.map(({ role, content, files }, index) => (
    <article
      // biome-ignore lint/suspicious/noArrayIndexKey: a message is its place in the conversation
      key={index}
      className={role === "user" ? styles.user : styles.assistant}
    >
      <h2 className="visually-hidden">{t(role === "user" ? "share.asked" : "chat.reply")}</h2>
      {files.length > 0 && (
        <p className={styles.files} dir="auto">
          <Paperclip size={14} aria-hidden /> {t("share.files", { names: files.join(", ") })}
        </p>
      )}
      {role === "user" ? (
        content !== "" && (
          <p className={styles.said} dir="auto">
            <LongText text={content} />
          </p>
        )
      ) : (
        <Markdown text={content} isWhole={isWhole} />
      )}
    </article>
  ));
});
