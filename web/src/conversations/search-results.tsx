import { type SearchHit, snippetParts } from "@colloquy/client";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
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

/** What a search has found, each hit with the words around it; the arrow keys go through them. */
export function SearchResults({ words }: { readonly words: string }) {
  const { t } = useTranslation();
  const { client } = useSession();
  const query = useInfiniteQuery({
    queryKey: ["search", words],
    queryFn: ({ pageParam, signal }) =>
      client.search(words, { page: pageParam, limit: PAGE }, { signal }),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length === PAGE ? all.length + 1 : undefined),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  const hits = query.data?.pages.flat() ?? [];
  const summary = query.data
    ? t("search.found", { count: hits.length })
    : query.error
      ? t("search.failed", { reason: wordsOf(query.error) })
      : t("search.searching");
  return (
    <div className={listStyles.scroller}>
      <p className={styles.summary} role="status">
        {summary}
      </p>
      <ul data-results>
        {hits.map((hit) => (
          <li key={hit.message?.id ?? hit.conversation.id}>
            <Hit hit={hit} words={words} />
          </li>
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

function Hit({ hit, words }: { readonly hit: SearchHit; readonly words: string }) {
  const sidebar = useSidebar();
  const { conversation, message, snippet } = hit;
  const at = new Date(message?.created_at ?? conversation.updated_at);
  const place = new URLSearchParams({ ...(message && { m: message.id }), q: words });
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
      <span className={styles.title} dir="auto">
        {conversation.title}
      </span>
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
