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
import { useConversationActions } from "./use-conversation-actions.ts";

export function ConversationRow({
  conversation,
  isCurrent,
  isTabStop,
  onMove,
  onFocus,
}: {
  readonly conversation: Conversation;
  readonly isCurrent: boolean;
  /** The one row that Tab goes to. */
  readonly isTabStop: boolean;
  readonly onMove: (step: 1 | -1) => void;
  readonly onFocus: () => void;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const actions = useConversationActions();
  const [isRenaming, setRenaming] = useState(false);
  const isLive = useLiveReply(conversation.id) !== null;
  const { id, title } = conversation;
  return (
    <div className={styles.row} data-current={isCurrent || undefined}>
      <Link
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
          if (event.key === "ArrowDown") onMove(1);
          else if (event.key === "ArrowUp") onMove(-1);
          else if (event.key === "F2") setRenaming(true);
          else if (event.key === "Delete") {
            onMove(1);
            actions.delete(conversation);
          } else return;
          event.preventDefault();
        }}
      >
        <span className={`${styles.title} fade-end`}>{title}</span>
      </Link>
      {isLive && <Dot isLive label={t("chat.replying")} className={styles.live} />}
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
      {isRenaming && (
        <RenameDialog conversation={conversation} onClose={() => setRenaming(false)} />
      )}
    </div>
  );
}
