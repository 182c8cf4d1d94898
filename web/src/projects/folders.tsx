import type { Project } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Ellipsis, SquarePen } from "lucide-react";
import { type KeyboardEvent, useId, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { ConversationMenu } from "../conversations/conversation-menu.tsx";
import { projectListKey } from "../conversations/list-cache.ts";
import { useSession } from "../session/session.tsx";
import { IconButton } from "../ui/button.tsx";
import { Dot } from "../ui/mark.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useStoredState } from "../ui/stored-state.ts";
import { useLiveReply, useWorkspace } from "../workspace.tsx";
import styles from "./folders.module.css";
import { useShownProjects } from "./undoable.ts";

/** As many as a folder shows; its page has all. */
const MAX_SHOWN = 50;

/** Goes to the next or the one before of all rows that are seen. */
function move(event: KeyboardEvent<HTMLElement>, step: 1 | -1): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-folder-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || !rows[at + step]) return;
  event.preventDefault();
  rows[at + step]?.focus();
}

/** Each project with the conversations in it, which are shown where it is open. */
export default function Folders({ currentId }: { readonly currentId: string | null }) {
  const { t } = useTranslation();
  const { data: projects = [] } = useShownProjects();
  const [stored, store] = useStoredState("folders");
  const open = new Set(stored?.split(" "));
  const toggle = (id: string) => {
    if (!open.delete(id)) open.add(id);
    const known = projects.map((project) => project.id).filter((one) => open.has(one));
    store(known.length > 0 ? known.join(" ") : null);
  };
  return (
    <ul
      className={styles.folders}
      aria-label={t("projects.title")}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown") move(event, 1);
        else if (event.key === "ArrowUp") move(event, -1);
      }}
    >
      {projects.map((project) => (
        <Folder
          key={project.id}
          project={project}
          isOpen={open.has(project.id)}
          onToggle={() => toggle(project.id)}
          currentId={currentId}
        />
      ))}
    </ul>
  );
}

function Folder({
  project,
  isOpen,
  onToggle,
  currentId,
}: {
  readonly project: Project;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly currentId: string | null;
}) {
  const { t, i18n } = useTranslation();
  const id = useId();
  const { done } = useSidebar();
  const [isHere] = useRoute(`/projects/${project.id}`);
  const { name } = project;
  return (
    <li>
      <div className={styles.row} data-current={isHere || undefined}>
        <IconButton
          label={t(isOpen ? "projects.close" : "projects.open", { name })}
          className={styles.fold}
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          onClick={onToggle}
        >
          <ChevronRight size={16} aria-hidden />
        </IconButton>
        <Link
          href={`/projects/${project.id}`}
          className={styles.link}
          aria-current={isHere ? "page" : undefined}
          dir="auto"
          title={name}
          data-folder-row
          onClick={done}
          onKeyDown={(event) => {
            const [opens, closes] =
              i18n.dir() === "rtl" ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
            if (event.key !== (isOpen ? closes : opens)) return;
            event.preventDefault();
            onToggle();
          }}
        >
          <span className={`${styles.title} fade-end`}>{name}</span>
        </Link>
        <Link
          href={`/?project=${project.id}`}
          className={styles.begin}
          aria-label={t("projects.beginIn", { name })}
          title={t("projects.beginIn", { name })}
          onClick={done}
        >
          <SquarePen size={16} aria-hidden />
        </Link>
      </div>
      {isOpen && <Inside id={id} project={project} currentId={currentId} />}
    </li>
  );
}

function Inside({
  id,
  project,
  currentId,
}: {
  readonly id: string;
  readonly project: Project;
  readonly currentId: string | null;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { deletions } = useWorkspace();
  const { done } = useSidebar();
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  const { data } = useQuery({
    queryKey: [...projectListKey(project.id), "newest"],
    queryFn: ({ signal }) =>
      client.conversations.list({ project_id: project.id, limit: MAX_SHOWN }, { signal }),
    refetchOnWindowFocus: "always",
  });
  const shown = data?.items.filter((conversation) => !deleted.has(conversation.id));
  return (
    <ul id={id} className={styles.inside} aria-label={project.name}>
      {shown?.length === 0 && <li className={styles.none}>{t("projects.noConversations")}</li>}
      {shown?.map((conversation) => (
        <li
          key={conversation.id}
          className={styles.row}
          data-current={conversation.id === currentId || undefined}
        >
          <Link
            href={`/c/${conversation.id}`}
            className={styles.link}
            aria-current={conversation.id === currentId ? "page" : undefined}
            dir="auto"
            title={conversation.title}
            data-folder-row
            onClick={done}
          >
            <span className={`${styles.title} fade-end`}>{conversation.title}</span>
          </Link>
          <Live id={conversation.id} />
          <ConversationMenu
            conversation={conversation}
            button={
              <IconButton
                label={t("list.menu", { title: conversation.title })}
                className={styles.begin}
              >
                <Ellipsis size={16} aria-hidden />
              </IconButton>
            }
          />
        </li>
      ))}
      {data && data.total > MAX_SHOWN && (
        <li className={styles.row}>
          <Link
            href={`/projects/${project.id}`}
            className={styles.link}
            data-folder-row
            onClick={done}
          >
            {t("projects.all", { count: data.total })}
          </Link>
        </li>
      )}
    </ul>
  );
}

function Live({ id }: { readonly id: string }) {
  const { t } = useTranslation();
  const live = useLiveReply(id);
  if (!live) return null;
  const isWaiting = live.phase === "waiting";
  const label = t(isWaiting ? "asks.waits" : "chat.replying");
  return <Dot isLive={!isWaiting} isWaiting={isWaiting} label={label} className={styles.live} />;
}
