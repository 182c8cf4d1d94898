import type { Project } from "@colloquy/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Ellipsis, Pencil, SquarePen, Trash2 } from "lucide-react";
import { useMemo, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { UNDO_MS } from "../conversations/deletions.ts";
import { projectListKey } from "../conversations/list-cache.ts";
import { ConversationRows } from "../conversations/rows/conversation-rows.tsx";
import { useSession } from "../session/session.tsx";
import buttonStyles from "../ui/button.module.css";
import { Button, IconButton } from "../ui/button.tsx";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { notify } from "../ui/notices.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { useWorkspace } from "../workspace.tsx";
import { ProjectFiles } from "./project-files.tsx";
import { ProjectForm } from "./project-form.tsx";
import { ProjectInstructions } from "./project-instructions.tsx";
import styles from "./projects.module.css";
import { useShownProjects, useUndoable } from "./undoable.ts";

const PAGE = 100;

/** A project: what models are told in it, the files that they are given, and its conversations. */
export default function ProjectPage({
  params,
}: {
  readonly params: { readonly projectId: string };
}) {
  const { t } = useTranslation();
  const { data: projects, error, refetch } = useShownProjects();
  const project = projects?.find(({ id }) => id === params.projectId);
  if (project) return <Shown key={project.id} project={project} />;
  return (
    <PageFrame title={t("projects.title")}>
      {projects ? (
        <p>{t("projects.missing")}</p>
      ) : error ? (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      ) : (
        <p role="status">{t("session.starting")}</p>
      )}
      <p>
        <Link href="/projects">{t("projects.toAll")}</Link>
      </p>
    </PageFrame>
  );
}

function Shown({ project }: { readonly project: Project }) {
  const { t } = useTranslation();
  const { id, name } = project;
  const [, navigate] = useLocation();
  const { projects } = useUndoable();
  const [isRenaming, setRenaming] = useState(false);
  const remove = () => {
    const undo = projects.delete([id]);
    navigate("/projects");
    notify({
      text: t("projects.deleted", { name }),
      showMs: UNDO_MS,
      action: { label: t("list.undo"), run: undo },
    });
  };
  return (
    <PageFrame
      title={name}
      actions={
        <>
          <Link
            href={`/?project=${id}`}
            className={`${buttonStyles.button} ${buttonStyles.filled} ${styles.begin}`}
            aria-label={t("projects.beginIn", { name })}
          >
            <SquarePen size={17} aria-hidden /> <span>{t("projects.begin")}</span>
          </Link>
          <Menu
            label={t("projects.menu")}
            button={
              <IconButton label={t("projects.menu")}>
                <Ellipsis size={20} aria-hidden />
              </IconButton>
            }
          >
            <MenuItem icon={<Pencil size={16} />} onSelect={() => setRenaming(true)}>
              {t("list.rename")}
            </MenuItem>
            <MenuItem icon={<Trash2 size={16} />} isDangerous onSelect={remove}>
              {t("list.delete")}
            </MenuItem>
          </Menu>
        </>
      }
    >
      <ProjectInstructions project={project} />
      <ProjectFiles project={project} />
      <Conversations project={project} />
      {isRenaming && <ProjectForm project={project} onClose={() => setRenaming(false)} />}
    </PageFrame>
  );
}

function Conversations({ project }: { readonly project: Project }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { deletions } = useWorkspace();
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  const query = useInfiniteQuery({
    queryKey: [...projectListKey(project.id), "all"],
    queryFn: ({ pageParam, signal }) =>
      client.conversations.list(
        { project_id: project.id, page: pageParam, limit: PAGE },
        { signal },
      ),
    initialPageParam: 1,
    getNextPageParam: ({ page, totalPages }) => (page < totalPages ? page + 1 : undefined),
  });
  const shown = useMemo(
    () =>
      (query.data?.pages ?? [])
        .flatMap(({ items }) => items)
        .filter((conversation) => !deleted.has(conversation.id)),
    [query.data, deleted],
  );
  return (
    <section className={styles.part}>
      <h2>{t("projects.conversations")}</h2>
      {query.error && !query.data && (
        <p role="alert">
          {wordsOf(query.error)}{" "}
          <Button look="outlined" onClick={() => void query.refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {query.data && shown.length === 0 && (
        <p className={styles.about}>{t("projects.noConversations")}</p>
      )}
      {shown.length > 0 && (
        <ConversationRows conversations={shown} label={t("projects.conversations")} />
      )}
      {query.hasNextPage && (
        <Button
          look="outlined"
          className={styles.more}
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t("archive.more")}
        </Button>
      )}
    </section>
  );
}
