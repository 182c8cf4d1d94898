import type { Conversation } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
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
  const rename = async (form: FormData) => {
    const title = textIn(form, "title");
    if (title && title !== conversation.title) void actions.rename(conversation, title);
    onClose();
  };
  return (
    <FormDialog title={t("list.rename")} onSubmit={rename} onClose={onClose}>
      <TextField
        label={t("list.title")}
        name="title"
        defaultValue={conversation.title}
        maxLength={MAX_CHARACTERS}
        required
        autoFocus
        onFocus={(event) => event.target.select()}
      />
    </FormDialog>
  );
}
