import type { FinishReason, Message } from "@colloquy/client";
import { Scissors } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import type { ChatActions } from "./chat-actions.ts";
import styles from "./cut-short.module.css";

const WORDS: Partial<Record<FinishReason, "chat.cutByLength" | "chat.cutByFilter">> = {
  length: "chat.cutByLength",
  filter: "chat.cutByFilter",
};

/** How to say that an answer is not whole, though nothing failed; null where it is, or where another word says it. */
export const cutShortBy = ({ status, finish_reason }: Message) =>
  (status === "complete" && finish_reason && WORDS[finish_reason]) || null;

/** Says that an answer is not whole; the conversation's last one can go on. */
export function CutShort({
  message,
  isLast,
  actions,
}: {
  readonly message: Message;
  readonly isLast: boolean;
  readonly actions: Pick<ChatActions, "goOn">;
}) {
  const { t } = useTranslation();
  const words = cutShortBy(message);
  if (!words) return null;
  return (
    <div className={styles.cutShort}>
      <Scissors size={16} aria-hidden />
      <p>{t(words)}</p>
      {isLast && message.finish_reason === "length" && (
        <Button look="outlined" onClick={actions.goOn}>
          {t("chat.goOn")}
        </Button>
      )}
    </div>
  );
}
