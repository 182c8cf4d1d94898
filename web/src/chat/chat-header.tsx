import type { Conversation } from "@colloquy/client";
import { Ellipsis, Menu as MenuIcon, Pin } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ConversationMenu } from "../conversations/conversation-menu.tsx";
import { IconButton } from "../ui/button.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import styles from "./chat-header.module.css";

/** What is being talked about, and what can be done with the whole of it. */
export function ChatHeader({
  conversation,
  isNew,
}: {
  readonly conversation: Conversation | null;
  readonly isNew: boolean;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  return (
    <header className={styles.header}>
      {!sidebar.isOpen && (
        <IconButton label={t("sidebar.open")} onClick={sidebar.open}>
          <MenuIcon size={20} aria-hidden />
        </IconButton>
      )}
      <h1 className={isNew ? styles.faint : styles.title} dir="auto">
        {isNew ? t("chat.newConversation") : (conversation?.title ?? "")}
      </h1>
      {conversation?.is_pinned && (
        <Pin size={14} className={styles.pin} aria-label={t("list.isPinned")} />
      )}
      <span className={styles.space} />
      {conversation && (
        <ConversationMenu
          conversation={conversation}
          button={
            <IconButton label={t("chat.conversationMenu")}>
              <Ellipsis size={20} aria-hidden />
            </IconButton>
          }
        />
      )}
    </header>
  );
}
