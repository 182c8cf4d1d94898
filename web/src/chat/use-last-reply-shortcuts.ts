import type { Message } from "@colloquy/client";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type ReplyShortcuts, useReplyShortcuts } from "../settings/reply-shortcuts.ts";
import { copyText } from "../ui/copy.tsx";
import { notify } from "../ui/notices.tsx";
import type { ChatActions } from "./chat-actions.ts";

/**
 * The shortcuts act on the conversation's last message, which may be far out of view, or on nothing.
 * @param last undefined while a reply runs
 */
export function useLastReplyShortcuts(
  last: Message | undefined,
  { retry }: Pick<ChatActions, "retry">,
  others: Pick<ReplyShortcuts, "chooseModel" | "write">,
): void {
  const { t } = useTranslation();
  const current = useRef(others);
  current.current = others;
  useReplyShortcuts(
    useMemo(() => {
      const reply = last?.role === "assistant" ? last : null;
      return {
        copy() {
          if (!reply) return;
          // Where its own button is in the page, that shows that it is done.
          const button = document.querySelector<HTMLElement>(`[data-copies="${reply.id}"]`);
          if (button) return button.click();
          copyText(reply.content).then(
            () => notify({ text: t("ui.copied") }),
            () => notify({ text: t("ui.notCopied"), isProblem: true }),
          );
        },
        answerAgain() {
          if (reply) retry(reply);
        },
        chooseModel: (modelId) => current.current.chooseModel(modelId),
        write: (text) => current.current.write(text),
      };
    }, [last, retry, t]),
  );
}
