import type { Message } from "@colloquy/client";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cutShortBy } from "./cut-short.tsx";
import type { LiveReply } from "./live/live-reply.ts";
import { plainWords } from "./plain-words.ts";

const MAX_CHARACTERS = 500;

/** Of a longer text only the beginning is looked at for Markdown. */
const MAX_FORMATTED_CHARACTERS = 2_000;

/** Tells screen readers that a reply has begun or asks something, and what it was when it has ended: never each word. */
export function Announcer({
  live,
  last,
  waiting,
}: {
  readonly live: LiveReply | null;
  readonly last: Message | undefined;
  /** How many messages wait for a reply before them. */
  readonly waiting: number;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const wasLive = useRef(false);
  const isLive = live?.phase === "replying" || live?.phase === "sending";
  useEffect(() => {
    if (isLive && !wasLive.current) setText(t("chat.replying"));
    if (!isLive && wasLive.current && last?.role === "assistant") {
      const words = plainWords(last.content.slice(0, MAX_FORMATTED_CHARACTERS));
      const cut = cutShortBy(last);
      const told =
        words.length <= MAX_CHARACTERS && last.content.length <= MAX_FORMATTED_CHARACTERS
          ? t("chat.replied", { text: words })
          : t("chat.repliedLong", {
              count: last.content.split(/\s+/).length,
              text: words.slice(0, MAX_CHARACTERS),
            });
      setText(cut ? `${told} ${t(cut)}` : told);
    }
    wasLive.current = isLive;
  }, [isLive, last, t]);
  const asking = live?.questions[0]?.tool;
  useEffect(() => {
    if (asking !== undefined) setText(t("asks.title", { tool: asking }));
  }, [asking, t]);
  const waited = useRef(waiting);
  useEffect(() => {
    if (waiting > waited.current) setText(t("chat.waits"));
    waited.current = waiting;
  }, [waiting, t]);
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}
