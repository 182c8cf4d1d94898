import type { Conversation } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { TextField } from "../ui/text-field.tsx";
import { useConversationActions } from "./use-conversation-actions.ts";

/** The wire's most. */
const MAX_CHARACTERS = 1000;

export function RenameDialog({
  conversation,
  onClose,
}: {
  readonly conversation: Conversation;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const actions = useConversationActions();
  return (
    <Dialog title={t("list.rename")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const title = String(new FormData(event.currentTarget).get("title") ?? "").trim();
          if (title && title !== conversation.title) void actions.rename(conversation, title);
          onClose();
        }}
      >
        <TextField
          label={t("list.title")}
          name="title"
          defaultValue={conversation.title}
          maxLength={MAX_CHARACTERS}
          required
          autoFocus
          onFocus={(event) => event.target.select()}
        />
        <DialogActions>
          <Button look="outlined" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit">{t("ui.save")}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
