import { useInfiniteQuery } from "@tanstack/react-query";
import { ArchiveRestore, Ellipsis } from "lucide-react";
import { useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { dateLocale } from "../../i18n/index.ts";
import { useSession } from "../../session/session.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { PageFrame } from "../../ui/page-frame.tsx";
import { wordsOf } from "../../words-of.ts";
import { useWorkspace } from "../../workspace.tsx";
import { ConversationMenu } from "../conversation-menu.tsx";
import { archivedKey } from "../list-cache.ts";
import { useConversationActions } from "../use-conversation-actions.ts";
import styles from "./archived-page.module.css";

const PAGE = 100;

/** The conversations that were put away: to be read, brought back or deleted. */
export default function ArchivedPage() {
  const { t } = useTranslation();
  const { client } = useSession();
  const { deletions } = useWorkspace();
  const actions = useConversationActions();
  const list = useRef<HTMLUListElement>(null);
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  const query = useInfiniteQuery({
    queryKey: archivedKey,
    queryFn: ({ pageParam, signal }) =>
      client.conversations.list({ archived: "1", page: pageParam, limit: PAGE }, { signal }),
    initialPageParam: 1,
    getNextPageParam: ({ page, totalPages }) => (page < totalPages ? page + 1 : undefined),
  });
  const archived = (query.data?.pages ?? [])
    .flatMap(({ items }) => items)
    .filter(({ id }) => !deleted.has(id));
  const dayOf = (iso: string) =>
    new Date(iso).toLocaleDateString(dateLocale(), { dateStyle: "medium" });
  return (
    <PageFrame title={t("archive.title")}>
      <p className={styles.about}>{t("archive.about")}</p>
      {query.error && !query.data && (
        <p role="alert">
          {wordsOf(query.error)}{" "}
          <Button look="outlined" onClick={() => void query.refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {query.data && archived.length === 0 && <p className={styles.about}>{t("archive.none")}</p>}
      {archived.length > 0 && (
        <ul ref={list} className={styles.list} aria-label={t("archive.title")} tabIndex={-1}>
          {archived.map((conversation) => (
            <li key={conversation.id} className={styles.row}>
              <Link href={`/c/${conversation.id}`} className={styles.link} dir="auto">
                <span className="fade-end">{conversation.title}</span>
              </Link>
              <time className={styles.time} dateTime={conversation.updated_at}>
                {dayOf(conversation.updated_at)}
              </time>
              <IconButton
                label={t("archive.bringBack", { title: conversation.title })}
                onClick={() => {
                  void actions.unarchive(conversation);
                  // The button that has the focus goes.
                  list.current?.focus();
                }}
              >
                <ArchiveRestore size={17} aria-hidden />
              </IconButton>
              <ConversationMenu
                conversation={conversation}
                button={
                  <IconButton label={t("list.menu", { title: conversation.title })}>
                    <Ellipsis size={17} aria-hidden />
                  </IconButton>
                }
              />
            </li>
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button
          look="outlined"
          className={styles.more}
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t("archive.more")}
        </Button>
      )}
    </PageFrame>
  );
}
