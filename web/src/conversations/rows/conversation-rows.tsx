import type { Conversation } from "@colloquy/client";
import { ArchiveRestore, Ellipsis } from "lucide-react";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { dateLocale } from "../../i18n/index.ts";
import { IconButton } from "../../ui/button.tsx";
import { ConversationMenu } from "../conversation-menu.tsx";
import SelectionBar from "../selection/selection-bar.tsx";
import { useRowSelection } from "../selection/use-row-selection.ts";
import { type Selection, useSelection } from "../selection/use-selection.ts";
import { useConversationActions } from "../use-conversation-actions.ts";
import styles from "./conversation-rows.module.css";

/** Conversations on a page of their own, one below the other, of which several can be selected. */
export function ConversationRows({
  conversations,
  label,
  areArchived = false,
}: {
  readonly conversations: readonly Conversation[];
  readonly label: string;
  readonly areArchived?: boolean;
}) {
  const { t } = useTranslation();
  const list = useRef<HTMLUListElement>(null);
  const order = useMemo(() => conversations.map(({ id }) => id), [conversations]);
  const selection = useSelection(order);
  const count = selection.ids.size;
  /** What had the focus may be gone. */
  const end = () => {
    selection.clear();
    list.current?.focus();
  };
  return (
    <>
      <p className="visually-hidden" role="status">
        {count > 0 && t("selection.said", { count })}
      </p>
      <ul
        ref={list}
        className={styles.list}
        aria-label={label}
        tabIndex={-1}
        data-selecting={count > 0 || undefined}
        onKeyDown={(event) => {
          const isAll = event.key === "a" && (event.ctrlKey || event.metaKey);
          if (isAll) selection.add(order);
          else if (event.key === "Escape" && count > 0 && !event.defaultPrevented) end();
          else return;
          event.preventDefault();
        }}
      >
        {conversations.map((conversation) => (
          <Row
            key={conversation.id}
            conversation={conversation}
            selection={selection}
            onGone={() => list.current?.focus()}
          />
        ))}
      </ul>
      {count > 0 && (
        <div className={styles.bar}>
          <SelectionBar
            conversations={conversations.filter(({ id }) => selection.ids.has(id))}
            areArchived={areArchived}
            onEnd={end}
          />
        </div>
      )}
    </>
  );
}

function Row({
  conversation,
  selection,
  onGone,
}: {
  readonly conversation: Conversation;
  readonly selection: Selection;
  /** What had the focus goes. */
  readonly onGone: () => void;
}) {
  const { t } = useTranslation();
  const actions = useConversationActions();
  const { id, title, updated_at: usedAt } = conversation;
  const isSelected = selection.ids.has(id);
  const selecting = useRowSelection(selection.ids.size > 0, (isRange) =>
    selection.toggle(id, isRange),
  );
  return (
    <li className={styles.row} data-selected={isSelected || undefined}>
      <input
        type="checkbox"
        className={styles.check}
        checked={isSelected}
        aria-label={t("selection.select", { title })}
        onChange={({ nativeEvent }) =>
          selection.toggle(id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
        }
      />
      <Link {...selecting} href={`/c/${id}`} className={styles.link} dir="auto">
        <span className="fade-end">{title}</span>
      </Link>
      <time className={styles.time} dateTime={usedAt}>
        {new Date(usedAt).toLocaleDateString(dateLocale(), { dateStyle: "medium" })}
      </time>
      {conversation.is_archived && (
        <IconButton
          label={t("archive.bringBack", { title })}
          onClick={() => {
            void actions.unarchive(conversation);
            onGone();
          }}
        >
          <ArchiveRestore size={17} aria-hidden />
        </IconButton>
      )}
      <ConversationMenu
        conversation={conversation}
        button={
          <IconButton label={t("list.menu", { title })}>
            <Ellipsis size={17} aria-hidden />
          </IconButton>
        }
      />
    </li>
  );
}
