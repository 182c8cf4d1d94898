import { createClient, type SharedConversation } from "@colloquy/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../chat/problem.tsx";
import { dateLocale } from "../i18n/index.ts";
import { Reading } from "../reading/reading.tsx";
import { API_BASE_URL } from "../settings.ts";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/mark.tsx";
import { Notices } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./shared-page.module.css";

const STEP_MESSAGES = 30;

/** What a link shows, for anybody who has it. Knows no user, and sends no credential but the link's token. */
export default function SharedPage({ token }: { readonly token: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ["shared", token],
    queryFn: ({ signal }) =>
      createClient({ baseUrl: API_BASE_URL, token: "" }).shares.read(token, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    const robots = document.createElement("meta");
    robots.name = "robots";
    robots.content = "noindex, nofollow";
    document.head.append(robots);
    return () => robots.remove();
  }, []);
  const title = data?.title ?? t("share.shared");
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  const hasEnded = error !== null && "code" in error && error.code === "NOT_FOUND";
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Mark />
        <span>{t("app.name")}</span>
      </header>
      <main className={styles.main}>
        {hasEnded ? (
          <>
            <h1>{t("share.ended")}</h1>
            <p className={styles.note}>{t("share.endedText")}</p>
          </>
        ) : error ? (
          <>
            <h1>{t("share.shared")}</h1>
            <Problem text={t("share.notLoaded")} reason={wordsOf(error)}>
              <Button onClick={() => void refetch()}>{t("session.retry")}</Button>
            </Problem>
          </>
        ) : data ? (
          <Shown shared={data} />
        ) : (
          <p role="status" className={styles.note}>
            {t("session.starting")}
          </p>
        )}
      </main>
      <Notices />
    </div>
  );
}

function Shown({ shared }: { readonly shared: SharedConversation }) {
  const { t } = useTranslation();
  const { title, shared_at, messages } = shared;
  const [count, setCount] = useState(STEP_MESSAGES);
  const end = useRef<HTMLDivElement>(null);
  const isAll = count >= messages.length;
  // Many messages are laid out as the reader comes to them.
  useEffect(() => {
    const { current } = end;
    if (!current || isAll) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setCount(count + STEP_MESSAGES);
      },
      { rootMargin: "1500px" },
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, [count, isAll]);
  const time = new Date(shared_at).toLocaleDateString(dateLocale(), { dateStyle: "long" });
  return (
    <>
      <h1 dir="auto">{title}</h1>
      <p className={styles.note}>{t("share.sharedAt", { time })}</p>
      <Reading messages={messages.slice(0, count)} />
      <div ref={end} />
      {isAll && <p className={styles.end}>{t("chat.caution")}</p>}
    </>
  );
}
