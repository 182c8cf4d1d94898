import type { Project } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { TextField } from "../ui/text-field.tsx";
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

  const save = async (form: FormData) => {
    const name = textIn(form, "name") ?? "";
    const saved = project
      ? await client.projects.update(project.id, { name })
      : await client.projects.create({ name });
    await queries.invalidateQueries({ queryKey: projectsKey });
    tell({ type: "list" });
    onClose();
    onDone?.(saved);
  };

  return (
    <FormDialog
      title={t(project ? "projects.rename" : "projects.create")}
      onSubmit={save}
      onClose={onClose}
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
    </FormDialog>
  );
}
