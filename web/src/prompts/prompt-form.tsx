import type { Prompt } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { TextArea, TextField } from "../ui/text-field.tsx";
import { promptsKey } from "./use-prompts.ts";

/** Makes a prompt, or changes one. */
export function PromptForm({
  prompt,
  onClose,
}: {
  readonly prompt: Prompt | null;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();

  const save = async (form: FormData) => {
    const input = {
      name: textIn(form, "name") ?? "",
      text: String(form.get("text") ?? "").trimEnd(),
    };
    if (prompt) await client.prompts.replace(prompt.id, input);
    else await client.prompts.create(input);
    await queries.invalidateQueries({ queryKey: promptsKey });
    onClose();
  };

  return (
    <FormDialog
      title={prompt ? t("prompts.edit", { name: prompt.name }) : t("prompts.create")}
      onSubmit={save}
      onClose={onClose}
    >
      <TextField
        label={t("prompts.name")}
        hint={t("prompts.nameHint")}
        name="name"
        defaultValue={prompt?.name}
        required
        autoFocus
      />
      <TextArea
        label={t("prompts.text")}
        hint={t("prompts.textHint", { gap: "{{…}}" })}
        name="text"
        rows={6}
        defaultValue={prompt?.text}
        required
      />
    </FormDialog>
  );
}
