import type { Conversation } from "@colloquy/client";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { IconButton } from "../ui/button.tsx";
import { Dot } from "../ui/mark.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useLiveReply } from "../workspace.tsx";
import styles from "./conversation-list.module.css";
import { ConversationMenu } from "./conversation-menu.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import { useRowSelection } from "./selection/use-row-selection.ts";
import { useConversationActions } from "./use-conversation-actions.ts";

export function ConversationRow({
  conversation,
  isCurrent,
  hasQuestion,
  isTabStop,
  isSelected,
  isSelecting,
  onSelect,
  onSelectAll,
  onSelectEnd,
  onMove,
  onFocus,
}: {
  readonly conversation: Conversation;
  readonly isCurrent: boolean;
  /** Whether a call of a tool waits in it for a decision. */
  readonly hasQuestion: boolean;
  /** The one row that Tab goes to. */
  readonly isTabStop: boolean;
  readonly isSelected: boolean;
  /** Whether any row is selected. */
  readonly isSelecting: boolean;
  /** Selects it or takes it out; `isRange`: selects all from the row that was chosen last. */
  readonly onSelect: (isRange: boolean) => void;
  readonly onSelectAll: () => void;
  readonly onSelectEnd: () => void;
  /** @param isSelecting both rows are selected */
  readonly onMove: (step: 1 | -1, isSelecting: boolean) => void;
  readonly onFocus: () => void;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const actions = useConversationActions();
  const [isRenaming, setRenaming] = useState(false);
  const selecting = useRowSelection(isSelecting, onSelect);
  const live = useLiveReply(conversation.id);
  // What this page follows it knows at once.
  const isWaiting = live ? live.phase === "waiting" : hasQuestion;
  const { id, title } = conversation;
  return (
    <div
      className={styles.row}
      data-current={isCurrent || undefined}
      data-selected={isSelected || undefined}
    >
      <Link
        {...selecting}
        href={`/c/${id}`}
        data-id={id}
        className={styles.link}
        aria-current={isCurrent ? "page" : undefined}
        tabIndex={isTabStop ? 0 : -1}
        dir="auto"
        title={title}
        onFocus={onFocus}
        onClick={sidebar.done}
        onKeyDown={(event) => {
          const isControl = event.ctrlKey || event.metaKey;
          if (event.key === "ArrowDown") onMove(1, event.shiftKey);
          else if (event.key === "ArrowUp") onMove(-1, event.shiftKey);
          else if (event.key === " ") onSelect(event.shiftKey);
          else if (event.key === "a" && isControl) onSelectAll();
          else if (event.key === "Escape" && isSelecting) onSelectEnd();
          else if (event.key === "F2") setRenaming(true);
          else if (event.key === "Delete" && !isSelecting) {
            onMove(1, false);
            actions.delete(conversation);
          } else return;
          event.preventDefault();
        }}
      >
        <span className={`${styles.title} fade-end`}>{title}</span>
      </Link>
      {isWaiting && <Dot isWaiting label={t("asks.waits")} className={styles.live} />}
      {live && !isWaiting && <Dot isLive label={t("chat.replying")} className={styles.live} />}
      <ConversationMenu
        conversation={conversation}
        button={
          <IconButton
            label={t("list.menu", { title })}
            className={styles.more}
            tabIndex={isTabStop ? 0 : -1}
          >
            <Ellipsis size={16} aria-hidden />
          </IconButton>
        }
      />
      <input
        type="checkbox"
        className={styles.check}
        checked={isSelected}
        // Space on the row does the same.
        tabIndex={-1}
        aria-label={t("selection.select", { title })}
        onChange={({ nativeEvent }) =>
          onSelect(nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
        }
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !isSelecting) return;
          event.preventDefault();
          onSelectEnd();
        }}
      />
      {isRenaming && (
        <RenameDialog conversation={conversation} onClose={() => setRenaming(false)} />
      )}
    </div>
  );
}
