import type { Conversation } from "@colloquy/client";
import {
  Archive,
  Ellipsis,
  Menu as MenuIcon,
  MessageCircleDashed,
  Pin,
  Share2,
  SquarePen,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { ConversationMenu } from "../conversations/conversation-menu.tsx";
import { tellNotShown } from "../not-shown.tsx";
import { usePrintKey } from "../reading/use-print-key.ts";
import { useSession } from "../session/session.tsx";
import { ShareWindow } from "../sharing/share-window.tsx";
import { Boundary } from "../ui/boundary.tsx";
import buttonStyles from "../ui/button.module.css";
import { IconButton } from "../ui/button.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import styles from "./chat-header.module.css";
import { ModelPicker } from "./choices.tsx";

const ProjectChip = lazy(() => import("../projects/project-chip.tsx"));

/** Who answers, what is being talked about, and what can be done with the whole of it. */
export function ChatHeader({
  conversation,
  isNew,
  projectId,
  model,
  ofAgent,
  onModel,
  onCompare,
  isTemporary,
  onTemporary,
}: {
  readonly conversation: Conversation | null;
  readonly isNew: boolean;
  /** The project that it is in, or is begun in; null: none. */
  readonly projectId: string | null;
  /** Null for the usual one. */
  readonly model: string | null;
  /** The model of the agent's own; null: it has none. */
  readonly ofAgent: string | null;
  readonly onModel: (model: string | null) => void;
  /** With the model that is to answer the next question, too. */
  readonly onCompare: (model: string) => void;
  /** Whether the conversation that is begun is to be temporary. */
  readonly isTemporary: boolean;
  /** Null: something was said already. */
  readonly onTemporary: ((isTemporary: boolean) => void) | null;
}) {
  const { t } = useTranslation();
  const sidebar = useSidebar();
  const { account } = useSession();
  usePrintKey(conversation);
  const [isSharing, setSharing] = useState(false);
  return (
    <header className={styles.header}>
      {!sidebar.isOpen && (
        <IconButton label={t("sidebar.open")} onClick={sidebar.open}>
          <MenuIcon size={20} aria-hidden />
        </IconButton>
      )}
      <div className={styles.where} data-new={isNew || undefined}>
        <ModelPicker
          model={model}
          ofAgent={ofAgent}
          onPick={onModel}
          onCompare={onCompare}
          className={styles.model}
        />
        {isNew ? null : (
          <h1 className={styles.title} dir="auto">
            <span className={conversation ? "fade-end" : "visually-hidden"}>
              {conversation?.title ?? t("chat.conversationMenu")}
            </span>
            {conversation?.is_pinned && (
              <Pin size={14} className={styles.pin} aria-label={t("list.isPinned")} />
            )}
            {conversation?.is_archived && (
              <Archive size={15} className={styles.pin} aria-label={t("archive.isArchived")} />
            )}
            {conversation?.expires_at && (
              <MessageCircleDashed
                size={15}
                className={styles.pin}
                aria-label={t("temporary.title")}
              />
            )}
          </h1>
        )}
      </div>
      {projectId !== null && (
        <Boundary place={projectId} fallback={null} onFailure={tellNotShown}>
          <Suspense>
            <ProjectChip projectId={projectId} />
          </Suspense>
        </Boundary>
      )}
      {onTemporary && (
        <IconButton
          label={t("temporary.begin")}
          aria-pressed={isTemporary}
          onClick={() => onTemporary(!isTemporary)}
        >
          <MessageCircleDashed size={19} aria-hidden />
        </IconButton>
      )}
      {conversation && account.can_share && (
        <IconButton
          label={t("share.conversation")}
          className={styles.share}
          onClick={() => setSharing(true)}
        >
          <Share2 size={18} aria-hidden />
        </IconButton>
      )}
      {conversation && isSharing && (
        <ShareWindow conversationId={conversation.id} onClose={() => setSharing(false)} />
      )}
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
      {!sidebar.isOpen && !isNew && (
        <Link
          href="/"
          className={`${buttonStyles.button} ${buttonStyles.plain} ${buttonStyles.icon}`}
          aria-label={t("chat.newConversation")}
          title={t("chat.newConversation")}
        >
          <SquarePen size={19} aria-hidden />
        </Link>
      )}
    </header>
  );
}
