import type { Message } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import type { LiveReply } from "./live/live-reply.ts";

/** How long what went can be brought back; the server keeps it for a minute. */
export const UNDO_MS = 10_000;

/** A question that is to be said anew, and what that takes away. */
export type Replacement = {
  /** Messages after the question. */
  readonly count: number;
  readonly isEdited: boolean;
  carryOut(): void;
};

/** How many messages follow that one: its answer, all that was said then, and the reply that runs to one of them. */
export function countAfter(
  messages: readonly Message[],
  messageId: string,
  live: LiveReply | null,
): number {
  const at = messages.findIndex(({ id }) => id === messageId);
  if (at < 0) return 0;
  const isRunning = messages.slice(at).some(({ id }) => id === live?.userMessage?.id);
  return messages.length - 1 - at + (isRunning ? 1 : 0);
}

/** Asks before more than the last answer goes. */
export function ConfirmReplacement({
  replacement,
  onClose,
}: {
  readonly replacement: Replacement;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { count, isEdited, carryOut } = replacement;
  return (
    <Dialog title={t("replace.title", { count })} onClose={onClose}>
      <p>{t("replace.text", { count })}</p>
      <DialogActions>
        <Button look="outlined" onClick={onClose}>
          {t("ui.cancel")}
        </Button>
        <Button
          look="danger"
          onClick={() => {
            onClose();
            carryOut();
          }}
        >
          {t(isEdited ? "replace.send" : "chat.retry")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
