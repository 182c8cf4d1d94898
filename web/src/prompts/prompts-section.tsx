import type { Prompt } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { DeleteDialog } from "../ui/delete-dialog.tsx";
import { wordsOf } from "../words-of.ts";
import { PromptForm } from "./prompt-form.tsx";
import styles from "./prompts.module.css";
import { promptsKey, usePrompts } from "./use-prompts.ts";

/** Every prompt: to change, to delete, and the way to a new one. */
export function PromptsSection() {
  const { t } = useTranslation();
  const { data: prompts, error, refetch } = usePrompts();
  const [edited, setEdited] = useState<Prompt | "new" | null>(null);
  const [deleted, setDeleted] = useState<Prompt | null>(null);
  return (
    <>
      <p className={styles.about}>{t("prompts.about")}</p>
      {error && !prompts ? (
        <p role="alert">
          {t("prompts.notLoaded", { reason: wordsOf(error) })}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      ) : (
        <Button onClick={() => setEdited("new")}>
          <Plus size={17} aria-hidden /> {t("prompts.create")}
        </Button>
      )}
      {prompts?.length === 0 && <p className={styles.none}>{t("prompts.empty")}</p>}
      <ul className={styles.list}>
        {prompts?.map((prompt) => (
          <li key={prompt.id}>
            <div className={styles.words}>
              <h2 dir="auto">{prompt.name}</h2>
              <p dir="auto">{prompt.text}</p>
            </div>
            <IconButton
              label={t("prompts.edit", { name: prompt.name })}
              onClick={() => setEdited(prompt)}
            >
              <Pencil size={16} aria-hidden />
            </IconButton>
            <IconButton
              label={t("prompts.delete", { name: prompt.name })}
              onClick={() => setDeleted(prompt)}
            >
              <Trash2 size={16} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {edited && (
        <PromptForm prompt={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
      {deleted && <DeletePrompt prompt={deleted} onClose={() => setDeleted(null)} />}
    </>
  );
}

function DeletePrompt({
  prompt,
  onClose,
}: {
  readonly prompt: Prompt;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const remove = async () => {
    await client.prompts.delete(prompt.id);
    await queries.invalidateQueries({ queryKey: promptsKey });
  };
  return (
    <DeleteDialog
      title={t("prompts.delete", { name: prompt.name })}
      text={t("prompts.deleteText")}
      done={t("prompts.deleted", { name: prompt.name })}
      onDelete={remove}
      onClose={onClose}
    />
  );
}
