import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useQuestions } from "../asks/use-questions.ts";
import { dateLocale } from "../i18n/index.ts";
import { tellNotShown } from "../not-shown.tsx";
import { useSession } from "../session/session.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { Button } from "../ui/button.tsx";
import { useWorkspace } from "../workspace.tsx";
import styles from "./conversation-list.module.css";
import { ConversationRow } from "./conversation-row.tsx";
import { groupByDay, type ListRow } from "./group-by-day.ts";
import { type ConversationList as Listed, listKey, loadList } from "./list-cache.ts";
import { MAX_SELECTED, useSelection } from "./selection/use-selection.ts";

const SelectionBar = lazy(() => import("./selection/selection-bar.tsx"));

const POLL_MS = 20_000;
const LOAD_MORE_PIXELS = 1_200;

/** All conversations by day, those used last first; the arrow keys go through them. */
export function ConversationList({ currentId }: { readonly currentId: string | null }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const { list, deletions } = useWorkspace();
  const scroller = useRef<HTMLDivElement>(null);
  const queries = useQueryClient();
  const virtualizer = useRef<VirtualizerHandle>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const deleted = useSyncExternalStore(deletions.subscribe, deletions.current);
  const query = useQuery<Listed>({
    queryKey: listKey,
    queryFn: ({ client: queries, signal }) =>
      loadList(client, () => queries.getQueryData(listKey), signal),
    refetchOnWindowFocus: "always",
    refetchInterval: POLL_MS,
  });

  const { data: questions } = useQuestions();
  const waiting = useMemo(
    () => new Set(questions?.map(({ conversation_id }) => conversation_id)),
    [questions],
  );
  const rows = useMemo(() => {
    const isThere = ({ id }: { readonly id: string }) => !deleted.has(id);
    return groupByDay(
      query.data?.items.filter(isThere) ?? [],
      query.data?.pinned.filter(isThere) ?? [],
      {
        pinned: t("list.pinned"),
        today: t("list.today"),
        yesterday: t("list.yesterday"),
        lastDays: (count) => t("list.lastDays", { count }),
        language: dateLocale(),
      },
    );
  }, [query.data, deleted, t]);

  const order = useMemo(
    () => rows.flatMap((row) => (row.kind === "conversation" ? row.key : [])),
    [rows],
  );
  const selection = useSelection(order);
  const count = selection.ids.size;
  const selected = rows.flatMap((row) =>
    row.kind === "conversation" && selection.ids.has(row.key) ? row.conversation : [],
  );
  const selectAll = async () => {
    const listed = () => queries.getQueryData<Listed>(listKey);
    for (let known = -1; (listed()?.items.length ?? 0) > known; ) {
      known = listed()?.items.length ?? 0;
      if (known < MAX_SELECTED) await list.loadMore();
    }
    const { pinned = [], items = [] } = listed() ?? {};
    selection.add([...pinned, ...items].map(({ id }) => id));
  };
  /** What had the focus may be gone. */
  const end = () => {
    selection.clear();
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>("a[tabindex='0']")?.focus(),
    );
  };

  const isShown = (id: string | null) => id !== null && rows.some(({ key }) => key === id);
  const tabStop = isShown(focused)
    ? focused
    : isShown(currentId)
      ? currentId
      : rows.find(({ kind }) => kind === "conversation")?.key;

  const moveTo = (from: number, step: 1 | -1, isSelecting = false) => {
    let at = from + step;
    while (rows[at]?.kind === "heading") at += step;
    const row = rows[at];
    if (!row) return;
    if (isSelecting && row.kind === "conversation") {
      const here = rows[from];
      selection.add(here ? [here.key, row.key] : [row.key]);
    }
    setFocused(row.key);
    virtualizer.current?.scrollToIndex(at, { align: "nearest" });
    const focus = (triesLeft: number) => {
      const link = scroller.current?.querySelector<HTMLElement>(`[data-id="${row.key}"]`);
      if (link) link.focus();
      else if (triesLeft > 0) requestAnimationFrame(() => focus(triesLeft - 1));
    };
    focus(10);
  };

  if (query.error && !query.data)
    return (
      <div className={styles.none}>
        <p>{t("list.notLoaded")}</p>
        <Button look="outlined" onClick={() => void query.refetch()}>
          {t("session.retry")}
        </Button>
      </div>
    );
  if (query.data && rows.length === 0) return <p className={styles.none}>{t("list.empty")}</p>;
  return (
    <>
      <p className="visually-hidden" role="status">
        {count > 0 && t("selection.said", { count })}
      </p>
      <div className={styles.scroller} ref={scroller} data-selecting={count > 0 || undefined}>
        <Virtualizer
          ref={virtualizer}
          scrollRef={scroller}
          as="ul"
          item="li"
          data={rows}
          onScroll={(offset) => {
            const { scrollSize = 0, viewportSize = 0 } = virtualizer.current ?? {};
            if (scrollSize - offset - viewportSize < LOAD_MORE_PIXELS) void list.loadMore();
          }}
        >
          {(row: ListRow, index: number) =>
            row.kind === "heading" ? (
              <h2 key={row.key} className={styles.heading}>
                {row.text}
              </h2>
            ) : (
              <ConversationRow
                key={row.key}
                conversation={row.conversation}
                isCurrent={row.key === currentId}
                hasQuestion={waiting.has(row.key)}
                isTabStop={row.key === tabStop}
                isSelected={selection.ids.has(row.key)}
                isSelecting={count > 0}
                onSelect={(isRange) => selection.toggle(row.key, isRange)}
                onSelectAll={() => void selectAll()}
                onSelectEnd={end}
                onMove={(step, isSelectingOn) => moveTo(index, step, isSelectingOn)}
                onFocus={() => setFocused(row.key)}
              />
            )
          }
        </Virtualizer>
      </div>
      {count > 0 && (
        <Boundary place="" fallback={null} onFailure={tellNotShown}>
          <Suspense>
            <SelectionBar conversations={selected} onEnd={end} />
          </Suspense>
        </Boundary>
      )}
    </>
  );
}
