import type { Conversation } from "@colloquy/client";
import {
  Archive,
  ArchiveRestore,
  FileDown,
  FileJson,
  FolderInput,
  Pencil,
  Pin,
  PinOff,
  Printer,
  Share2,
  Trash2,
} from "lucide-react";
import { lazy, type ReactElement, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { ShareWindow } from "../sharing/share-window.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { Menu, MenuItem, MenuSeparator } from "../ui/menu.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import { useConversationActions } from "./use-conversation-actions.ts";

const MoveDialog = lazy(() => import("../projects/move-dialog.tsx"));

export function ConversationMenu({
  conversation,
  button,
}: {
  readonly conversation: Conversation;
  readonly button: ReactElement;
}) {
  const { t } = useTranslation();
  const actions = useConversationActions();
  const { account } = useSession();
  const [isRenaming, setRenaming] = useState(false);
  const [isSharing, setSharing] = useState(false);
  const [isMoving, setMoving] = useState(false);
  return (
    <>
      <Menu button={button} label={t("chat.conversationMenu")}>
        {conversation.expires_at === undefined && (
          <MenuItem
            icon={conversation.is_pinned ? <PinOff size={16} /> : <Pin size={16} />}
            onSelect={() => void actions.pin(conversation)}
          >
            {t(conversation.is_pinned ? "list.unpin" : "list.pin")}
          </MenuItem>
        )}
        <MenuItem icon={<Pencil size={16} />} onSelect={() => setRenaming(true)}>
          {t("list.rename")}
        </MenuItem>
        {conversation.expires_at === undefined && (
          <MenuItem icon={<FolderInput size={16} />} onSelect={() => setMoving(true)}>
            {t("projects.move")}
          </MenuItem>
        )}
        {account.can_share && (
          <MenuItem icon={<Share2 size={16} />} onSelect={() => setSharing(true)}>
            {t("share.menu")}
          </MenuItem>
        )}
        <MenuItem
          icon={<FileDown size={16} />}
          onSelect={() => void actions.export(conversation, "markdown")}
        >
          {t("list.exportMarkdown")}
        </MenuItem>
        <MenuItem
          icon={<FileJson size={16} />}
          onSelect={() => void actions.export(conversation, "json")}
        >
          {t("list.exportJson")}
        </MenuItem>
        <MenuItem icon={<Printer size={16} />} onSelect={() => void actions.print(conversation)}>
          {t("print.menu")}
        </MenuItem>
        <MenuSeparator />
        {conversation.expires_at === undefined && (
          <MenuItem
            icon={conversation.is_archived ? <ArchiveRestore size={16} /> : <Archive size={16} />}
            onSelect={() =>
              void (conversation.is_archived ? actions.unarchive : actions.archive)(conversation)
            }
          >
            {t(conversation.is_archived ? "list.unarchive" : "list.archive")}
          </MenuItem>
        )}
        <MenuItem
          icon={<Trash2 size={16} />}
          isDangerous
          onSelect={() => actions.delete(conversation)}
        >
          {t("list.delete")}
        </MenuItem>
      </Menu>
      {isSharing && (
        <ShareWindow conversationId={conversation.id} onClose={() => setSharing(false)} />
      )}
      {isMoving && (
        <Boundary place="" fallback={null} onFailure={tellNotShown}>
          <Suspense>
            <MoveDialog conversations={[conversation]} onClose={() => setMoving(false)} />
          </Suspense>
        </Boundary>
      )}
      {isRenaming && (
        <RenameDialog conversation={conversation} onClose={() => setRenaming(false)} />
      )}
    </>
  );
}
