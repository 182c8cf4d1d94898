import { Folder } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import styles from "./projects.module.css";
import { useProjects } from "./use-projects.ts";

/** The project that a conversation is in, or is begun in: the way to its page. */
export default function ProjectChip({ projectId }: { readonly projectId: string }) {
  const { t } = useTranslation();
  const project = useProjects().data?.find(({ id }) => id === projectId);
  if (!project) return null;
  const { name } = project;
  return (
    <Link
      href={`/projects/${projectId}`}
      className={styles.chip}
      title={t("projects.inProject", { name })}
      aria-label={t("projects.inProject", { name })}
    >
      <Folder size={15} className={styles.chipIcon} aria-hidden />
      <span dir="auto">{name}</span>
    </Link>
  );
}
