import type { Prompt } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { TextArea, TextField } from "../ui/text-field.tsx";
import { wordsOf } from "../words-of.ts";
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
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);

  const save = async (form: FormData) => {
    const input = {
      name: String(form.get("name") ?? "").trim(),
      text: String(form.get("text") ?? "").trimEnd(),
    };
    setSaving(true);
    try {
      if (prompt) await client.prompts.replace(prompt.id, input);
      else await client.prompts.create(input);
      await queries.invalidateQueries({ queryKey: promptsKey });
      onClose();
    } catch (error) {
      setProblem(wordsOf(error));
      setSaving(false);
    }
  };

  return (
    <Dialog
      title={prompt ? t("prompts.edit", { name: prompt.name }) : t("prompts.create")}
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
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
        {problem && <p role="alert">{problem}</p>}
        <DialogActions>
          <Button look="outlined" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={isSaving}>
            {t("ui.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
