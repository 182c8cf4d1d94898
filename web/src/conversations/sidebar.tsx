import { PanelLeftClose, Search, SquarePen, X } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { IconButton } from "../ui/button.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
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

  return (
    <nav className={styles.sidebar} aria-label={t("sidebar.label")}>
      <div className={styles.top}>
        <Link href="/" className={styles.brand} onClick={sidebar.done}>
          {t("app.name")}
        </Link>
        <IconButton label={t("sidebar.close")} onClick={sidebar.close}>
          <PanelLeftClose size={18} aria-hidden />
        </IconButton>
      </div>
      <Link href="/" className={styles.new} onClick={sidebar.done} data-new>
        <SquarePen size={17} aria-hidden /> {t("chat.newConversation")}
      </Link>
      <search className={styles.search}>
        <Search size={16} aria-hidden />
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
      {words && typed ? (
        <SearchResults words={words} />
      ) : (
        <ConversationList currentId={currentId} />
      )}
      <MainMenu />
    </nav>
  );
}

/** A value, once it has not changed for so long. */
function useSettled(value: string, pauseMs: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}
