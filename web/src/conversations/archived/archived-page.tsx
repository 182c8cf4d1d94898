import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../session/session.tsx";
import { Button } from "../../ui/button.tsx";
import { PageFrame } from "../../ui/page-frame.tsx";
import { wordsOf } from "../../words-of.ts";
import { useWorkspace } from "../../workspace.tsx";
import { archivedKey } from "../list-cache.ts";
import styles from "../rows/conversation-rows.module.css";
import { ConversationRows } from "../rows/conversation-rows.tsx";

const PAGE = 100;

/** The conversations that were put away: to be read, brought back or deleted. */
export default function ArchivedPage() {
  const { t } = useTranslation();
  const { client } = useSession();
  const { deletions } = useWorkspace();
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  const query = useInfiniteQuery({
    queryKey: archivedKey,
    queryFn: ({ pageParam, signal }) =>
      client.conversations.list({ archived: "1", page: pageParam, limit: PAGE }, { signal }),
    initialPageParam: 1,
    getNextPageParam: ({ page, totalPages }) => (page < totalPages ? page + 1 : undefined),
  });
  const archived = useMemo(
    () =>
      (query.data?.pages ?? []).flatMap(({ items }) => items).filter(({ id }) => !deleted.has(id)),
    [query.data, deleted],
  );
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
        <ConversationRows conversations={archived} label={t("archive.title")} areArchived />
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
