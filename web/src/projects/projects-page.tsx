import { Folder, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { Button } from "../ui/button.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { ProjectForm } from "./project-form.tsx";
import styles from "./projects.module.css";
import { useShownProjects } from "./undoable.ts";

/** Every project, and the way to a new one. */
export default function ProjectsPage() {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const { data: projects, error, refetch } = useShownProjects();
  const [isNew, setNew] = useState(false);
  return (
    <PageFrame
      title={t("projects.title")}
      actions={
        <Button onClick={() => setNew(true)}>
          <Plus size={17} aria-hidden /> {t("projects.create")}
        </Button>
      }
    >
      <p className={styles.about}>{t("projects.about")}</p>
      {error && !projects && (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {projects?.length === 0 && <p className={styles.about}>{t("projects.none")}</p>}
      <ul className={styles.list}>
        {projects?.map(({ id, name, instructions }) => (
          <li key={id}>
            <Link href={`/projects/${id}`} className={styles.project}>
              <Folder size={18} aria-hidden />
              <span className={styles.words}>
                <b dir="auto">{name}</b>
                {instructions && <span dir="auto">{instructions}</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {isNew && (
        <ProjectForm
          project={null}
          onDone={({ id }) => navigate(`/projects/${id}`)}
          onClose={() => setNew(false)}
        />
      )}
    </PageFrame>
  );
}
