import { type SearchHit, type SearchPage, snippetParts } from "@colloquy/client";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { Archive } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { wordsOf } from "../words-of.ts";
import listStyles from "./conversation-list.module.css";
import styles from "./search-results.module.css";

const PAGE = 30;
/** How often a search is asked again while messages are still being made searchable. */
const INDEXING_POLL_MS = 1_000;

type Hits = readonly [SearchHit, ...SearchHit[]];

/** The hits in the order of their conversations' best ones. */
function groupByConversation(hits: readonly SearchHit[]): Hits[] {
  const groups = new Map<string, [SearchHit, ...SearchHit[]]>();
  for (const hit of hits) {
    const group = groups.get(hit.conversation.id);
    if (group) group.push(hit);
    else groups.set(hit.conversation.id, [hit]);
  }
  return [...groups.values()];
}

function summaryOf({ total, conversations, is_complete }: SearchPage, t: TFunction): string {
  if (!is_complete) return t("search.moreThan", { count: total });
  if (total < 2) return t("search.found", { count: total });
  const where = t("search.conversations", { count: conversations });
  return t("search.foundIn", { count: total, where });
}

/** What a search has found, each hit with the words around it; the arrow keys go through them. */
export function SearchResults({ words }: { readonly words: string }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const query = useInfiniteQuery({
    queryKey: ["search", words],
    queryFn: ({ pageParam, signal }) =>
      client.searchPage(words, { page: pageParam, limit: PAGE }, { signal }),
    initialPageParam: 1,
    getNextPageParam: ({ page, totalPages }) => (page < totalPages ? page + 1 : undefined),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ is_indexing }) => is_indexing) && INDEXING_POLL_MS,
  });
  const pages = query.data?.pages ?? [];
  const last = pages.at(-1);
  const groups = groupByConversation(pages.flatMap(({ items }) => items));
  const summary = last
    ? summaryOf(last, t)
    : query.error
      ? t("search.failed", { reason: wordsOf(query.error) })
      : t("search.searching");
  return (
    <div className={listStyles.scroller}>
      <p className={styles.summary} role="status">
        {summary}
        {last?.is_indexing && <span className={styles.indexing}>{t("search.indexing")}</span>}
      </p>
      <ul data-results>
        {groups.map((hits) => (
          <Group key={hits[0].conversation.id} hits={hits} words={words} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          look="plain"
          className={styles.more}
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t("search.more")}
        </Button>
      )}
    </div>
  );
}

/** The hits of one conversation under its title. */
function Group({ hits, words }: { readonly hits: Hits; readonly words: string }) {
  const { t } = useTranslation();
  const [{ conversation, hits_in_conversation: count }] = hits;
  return (
    <li className={styles.group}>
      <p className={styles.title} dir="auto">
        <span>{conversation.title}</span>
        {conversation.is_archived && (
          <Archive size={14} className={styles.archived} aria-label={t("archive.isArchived")} />
        )}
        {count > 1 && <span className={styles.count}>{t("search.found", { count })}</span>}
      </p>
      <ul>
        {hits.map((hit) => (
          <li key={hit.message?.id ?? "title"}>
            <Hit hit={hit} words={words} />
          </li>
        ))}
      </ul>
    </li>
  );
}

type HitProps = {
  readonly hit: SearchHit;
  readonly words: string;
};

function Hit({ hit, words }: HitProps) {
  const sidebar = useSidebar();
  const { conversation, message, snippet } = hit;
  const at = new Date(message?.created_at ?? conversation.updated_at);
  const place = new URLSearchParams({
    ...(message && { m: message.id }),
    ...(message?.branch && { b: String(message.branch) }),
    q: words,
  });
  return (
    <Link
      href={`/c/${conversation.id}?${place}`}
      className={styles.hit}
      onClick={sidebar.done}
      onKeyDown={(event) => {
        const items = [...document.querySelectorAll<HTMLElement>("[data-results] a")];
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        items[items.indexOf(event.currentTarget) + step]?.focus();
      }}
    >
      <span className="visually-hidden">{conversation.title} </span>
      <span className={styles.snippet} dir="auto">
        {snippetParts(snippet).map(({ text, isMatch }, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the snippet
          isMatch ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
        )}
      </span>
      <time className={styles.time} dateTime={at.toISOString()}>
        {at.toLocaleDateString(dateLocale(), { dateStyle: "medium" })}
      </time>
    </Link>
  );
}
