import type { Project } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { FileText, ImageIcon, Plus, X } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { UNDO_MS } from "../conversations/deletions.ts";
import { useSession } from "../session/session.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./projects.module.css";
import { fileKey, useUndoable } from "./undoable.ts";
import { projectsKey } from "./use-projects.ts";

/** The wire's most. */
const MAX_FILES = 20;

/** The files that models are given in the project: to add and to take out. */
export function ProjectFiles({ project }: { readonly project: Project }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const { files: removals, removedFiles } = useUndoable();
  const input = useRef<HTMLInputElement>(null);
  const [uploading, setUploading] = useState<{ name: string; progress: number } | null>(null);
  const files = project.files.filter(({ id }) => !removedFiles.has(fileKey(project.id, id)));

  const add = async (picked: readonly File[]) => {
    try {
      for (const file of picked) {
        const { name } = file;
        setUploading({ name, progress: 0 });
        const stored = await client.files.upload(file, {
          onProgress: ({ sent, total }) =>
            setUploading({ name, progress: total > 0 ? sent / total : 1 }),
        });
        // Another tab may have changed them meanwhile.
        const now = await client.projects.get(project.id);
        const file_ids = [...now.files.map(({ id }) => id), stored.id];
        const changed = await client.projects.update(project.id, { file_ids });
        queries.setQueryData<Project[]>(projectsKey, (known) =>
          known?.map((one) => (one.id === changed.id ? changed : one)),
        );
      }
    } catch (error) {
      notify({ text: t("projects.fileFailed", { reason: wordsOf(error) }), isProblem: true });
    } finally {
      setUploading(null);
    }
  };
  const remove = (fileId: string, name: string) => {
    const undo = removals.delete([fileKey(project.id, fileId)]);
    notify({
      text: t("projects.fileRemoved", { name }),
      showMs: UNDO_MS,
      action: { label: t("list.undo"), run: undo },
    });
  };

  return (
    <section className={styles.part}>
      <div className={styles.head}>
        <h2>{t("projects.files")}</h2>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-hidden
          tabIndex={-1}
          onChange={({ target }) => {
            void add([...(target.files ?? [])]);
            // The same file can be picked once more.
            target.value = "";
          }}
        />
        <Button
          look="outlined"
          disabled={uploading !== null || files.length >= MAX_FILES}
          onClick={() => input.current?.click()}
        >
          <Plus size={16} aria-hidden /> {t("projects.addFiles")}
        </Button>
      </div>
      <p className={styles.about}>{t("projects.filesHint")}</p>
      {files.length > 0 && (
        <ul className={styles.files} aria-label={t("projects.files")}>
          {files.map(({ id, name, read_as }) => (
            <li key={id}>
              {read_as === "image" ? (
                <ImageIcon size={16} aria-hidden />
              ) : (
                <FileText size={16} aria-hidden />
              )}
              <span className={styles.fileName} dir="auto">
                {name}
              </span>
              {read_as === null && <span className={styles.unread}>{t("projects.notRead")}</span>}
              <IconButton label={t("files.remove", { name })} onClick={() => remove(id, name)}>
                <X size={16} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {uploading && (
        <p className={styles.uploading}>
          <span dir="auto">{uploading.name}</span>
          <progress
            aria-label={t("files.uploading", { name: uploading.name })}
            max={1}
            value={uploading.progress}
          />
        </p>
      )}
    </section>
  );
}
