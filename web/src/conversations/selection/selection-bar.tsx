import type { Conversation } from "@colloquy/client";
import { Archive, ArchiveRestore, Download, FolderInput, Trash2, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import MoveDialog from "../../projects/move-dialog.tsx";
import { IconButton } from "../../ui/button.tsx";
import styles from "./selection-bar.module.css";
import { useManyConversations } from "./use-many-conversations.ts";

/** What can be done with the conversations that are selected. */
export default function SelectionBar({
  conversations,
  areArchived = false,
  onEnd,
}: {
  readonly conversations: readonly Conversation[];
  readonly areArchived?: boolean;
  /** The selection is over: something was done with it, or it is given up. */
  readonly onEnd: () => void;
}) {
  const { t } = useTranslation();
  const many = useManyConversations();
  const [isMoving, setMoving] = useState(false);
  const count = conversations.length;
  const then = (act: (chosen: readonly Conversation[]) => unknown) => () => {
    onEnd();
    void act(conversations);
  };
  return (
    <>
      <section
        className={styles.bar}
        aria-label={t("selection.label")}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || event.defaultPrevented) return;
          event.preventDefault();
          onEnd();
        }}
      >
        <span className={styles.count}>{t("selection.count", { count })}</span>
        <div className={styles.actions}>
          {areArchived ? (
            <IconButton label={t("list.unarchive")} onClick={then(many.unarchive)}>
              <ArchiveRestore size={18} aria-hidden />
            </IconButton>
          ) : (
            <IconButton label={t("list.archive")} onClick={then(many.archive)}>
              <Archive size={18} aria-hidden />
            </IconButton>
          )}
          <IconButton label={t("projects.move")} onClick={() => setMoving(true)}>
            <FolderInput size={18} aria-hidden />
          </IconButton>
          <IconButton label={t("list.exportJson")} onClick={then(many.export)}>
            <Download size={18} aria-hidden />
          </IconButton>
          <IconButton label={t("list.delete")} className={styles.risky} onClick={then(many.delete)}>
            <Trash2 size={18} aria-hidden />
          </IconButton>
          <IconButton label={t("selection.end")} className={styles.end} onClick={onEnd}>
            <X size={18} aria-hidden />
          </IconButton>
        </div>
      </section>
      {isMoving && (
        <MoveDialog conversations={conversations} onMove={onEnd} onClose={() => setMoving(false)} />
      )}
    </>
  );
}
