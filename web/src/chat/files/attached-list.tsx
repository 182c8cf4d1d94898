import { FileText, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../ui/button.tsx";
import type { Attached } from "./attached.ts";
import styles from "./files.module.css";

/** Each with what it looks like, how far its upload has come, or why it failed. */
export default function AttachedList({
  files,
  onRemove,
}: {
  readonly files: readonly Attached[];
  readonly onRemove: (key: string) => void;
}) {
  const { t } = useTranslation();
  return (
    <ul className={styles.attached} aria-label={t("files.attached")}>
      {files.map((file) => (
        <li key={file.key} className={styles.chip} data-failed={file.problem !== null || undefined}>
          {file.previewUrl ? (
            <img className={styles.preview} src={file.previewUrl} alt="" />
          ) : (
            <FileText size={20} aria-hidden />
          )}
          <span className={styles.about}>
            <span className={styles.name} dir="auto">
              {file.name}
            </span>
            {file.problem !== null ? (
              <span className={styles.problem} role="alert">
                {t("files.failed", { reason: file.problem })}
              </span>
            ) : (
              !file.stored && (
                <progress
                  className={styles.progress}
                  aria-label={t("files.uploading", { name: file.name })}
                  max={1}
                  value={file.progress}
                />
              )
            )}
          </span>
          <IconButton
            label={t("files.remove", { name: file.name })}
            onClick={() => onRemove(file.key)}
          >
            <X size={16} aria-hidden />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
