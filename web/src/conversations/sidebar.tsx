import { Bot, PanelLeft, Search, SquarePen, X } from "lucide-react";
import { useDeferredValue, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { QuestionsLink } from "../asks/questions-link.tsx";
import { ProjectsLink } from "../projects/projects-link.tsx";
import { IconButton } from "../ui/button.tsx";
import { Mark } from "../ui/mark.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useSettled } from "../ui/use-settled.ts";
import { ConversationList } from "./conversation-list.tsx";
import { MainMenu } from "./main-menu.tsx";
import { SearchResults } from "./search-results.tsx";
import styles from "./sidebar.module.css";

const TYPING_PAUSE_MS = 150;

/** The way to every conversation and to every other page. */
export function Sidebar({ currentId }: { readonly currentId: string | null }) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const [typed, setTyped] = useState("");
  const words = useDeferredValue(useSettled(typed.trim(), TYPING_PAUSE_MS));
  const field = useRef<HTMLInputElement>(null);
  const [isAtAgents] = useRoute("/agents");

  return (
    <nav className={styles.sidebar} aria-label={t("sidebar.label")}>
      <div className={styles.top}>
        <Link href="/" className={styles.brand} onClick={sidebar.done}>
          <Mark />
          {t("app.name")}
        </Link>
        <IconButton label={t("sidebar.close")} onClick={sidebar.close}>
          <PanelLeft size={18} aria-hidden />
        </IconButton>
      </div>
      <div className={styles.actions}>
        <Link href="/" className={styles.row} onClick={sidebar.done} data-new>
          <SquarePen size={18} aria-hidden /> {t("chat.newConversation")}
        </Link>
        <search className={`${styles.row} ${styles.search}`}>
          <Search size={18} aria-hidden />
          <input
            ref={field}
            type="search"
            data-search
            aria-label={t("search.label")}
            placeholder={t("search.label")}
            value={typed}
            maxLength={1000}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              // Where there is nothing to clear, a sidebar that lies over the page still closes.
              if (
                event.key === "Escape" &&
                (typed || !sidebar.isOver) &&
                !event.nativeEvent.isComposing
              ) {
                event.preventDefault();
                setTyped("");
              }
              if (event.key !== "ArrowDown") return;
              event.preventDefault();
              document.querySelector<HTMLElement>("[data-results] a")?.focus();
            }}
          />
          {typed && (
            <IconButton
              label={t("search.clear")}
              className={styles.clear}
              onClick={() => {
                setTyped("");
                field.current?.focus();
              }}
            >
              <X size={15} aria-hidden />
            </IconButton>
          )}
        </search>
        <Link
          href="/agents"
          className={styles.row}
          aria-current={isAtAgents ? "page" : undefined}
          onClick={sidebar.done}
        >
          <Bot size={18} aria-hidden /> {t("agents.title")}
        </Link>
        <QuestionsLink className={styles.row} />
        <ProjectsLink className={styles.row} currentId={currentId} />
      </div>
      {words && typed ? (
        <SearchResults words={words} />
      ) : (
        <ConversationList currentId={currentId} />
      )}
      <MainMenu />
    </nav>
  );
}
