import type { Project } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { TextField } from "../ui/text-field.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace } from "../workspace.tsx";
import { projectsKey } from "./use-projects.ts";

/** The wire's most. */
const MAX_CHARACTERS = 256;

/** Makes a project, or names one anew. */
export function ProjectForm({
  project,
  onDone,
  onClose,
}: {
  readonly project: Project | null;
  readonly onDone?: (project: Project) => void;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { tell } = useWorkspace();
  const queries = useQueryClient();
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);

  const save = async (name: string) => {
    setSaving(true);
    try {
      const saved = project
        ? await client.projects.update(project.id, { name })
        : await client.projects.create({ name });
      await queries.invalidateQueries({ queryKey: projectsKey });
      tell({ type: "list" });
      onClose();
      onDone?.(saved);
    } catch (error) {
      setProblem(wordsOf(error));
      setSaving(false);
    }
  };

  return (
    <Dialog title={t(project ? "projects.rename" : "projects.create")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save(String(new FormData(event.currentTarget).get("name") ?? "").trim());
        }}
      >
        <TextField
          label={t("projects.name")}
          hint={project ? undefined : t("projects.nameHint")}
          name="name"
          defaultValue={project?.name}
          maxLength={MAX_CHARACTERS}
          required
          autoFocus
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
