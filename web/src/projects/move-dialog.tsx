import type { Conversation, Project } from "@colloquy/client";
import { Check, Folder, FolderMinus, FolderPlus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useManyConversations } from "../conversations/selection/use-many-conversations.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ProjectForm } from "./project-form.tsx";
import styles from "./projects.module.css";
import { useShownProjects } from "./undoable.ts";

/** Moves conversations into a project, a new one too, or out of every project. */
export default function MoveDialog({
  conversations,
  onMove,
  onClose,
}: {
  readonly conversations: readonly Conversation[];
  /** A place was chosen. */
  readonly onMove?: () => void;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const many = useManyConversations();
  const { data: projects = [] } = useShownProjects();
  const [isNew, setNew] = useState(false);
  const [first] = conversations;
  const isAll = (projectId: string | undefined) =>
    conversations.every(({ project_id }) => project_id === projectId);
  const move = (project: Project | null) => {
    onClose();
    onMove?.();
    void many.move(conversations, project);
  };
  if (isNew) return <ProjectForm project={null} onDone={move} onClose={onClose} />;
  return (
    <Dialog
      title={
        first && conversations.length === 1
          ? t("projects.moveOne", { title: first.title })
          : t("projects.moveSome", { count: conversations.length })
      }
      onClose={onClose}
    >
      <ul className={styles.choices}>
        {projects.map((project) => (
          <Choice
            key={project.id}
            icon={<Folder size={17} aria-hidden />}
            isHere={isAll(project.id)}
            onPick={() => move(project)}
          >
            {project.name}
          </Choice>
        ))}
        <Choice
          icon={<FolderPlus size={17} aria-hidden />}
          isHere={false}
          onPick={() => setNew(true)}
        >
          {t("projects.create")}
        </Choice>
        {!isAll(undefined) && (
          <Choice
            icon={<FolderMinus size={17} aria-hidden />}
            isHere={false}
            onPick={() => move(null)}
          >
            {t("projects.moveOut")}
          </Choice>
        )}
      </ul>
    </Dialog>
  );
}

function Choice({
  icon,
  isHere,
  onPick,
  children,
}: {
  readonly icon: ReactNode;
  /** Where they all are now. */
  readonly isHere: boolean;
  readonly onPick: () => void;
  readonly children: string;
}) {
  const { t } = useTranslation();
  return (
    <li>
      <Button look="plain" className={styles.choice} disabled={isHere} onClick={onPick}>
        {icon}
        <span dir="auto">{children}</span>
        {isHere && <Check size={17} aria-label={t("projects.isHere")} />}
      </Button>
    </li>
  );
}
