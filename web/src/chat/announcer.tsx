import type { Message } from "@colloquy/client";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LiveReply } from "./live/live-reply.ts";

const MOST_CHARACTERS = 500;

/** Markdown's signs are not for the ear. */
const spoken = (markdown: string): string =>
  markdown
    .replace(/^(`{3,}|~{3,}).*$/gm, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`#>|~]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();

/** Tells screen readers that a reply has begun, and what it was when it has ended: never each word. */
export function Announcer({
  live,
  last,
}: {
  readonly live: LiveReply | null;
  readonly last: Message | undefined;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const wasLive = useRef(false);
  const isLive = live?.phase === "replying" || live?.phase === "sending";
  useEffect(() => {
    if (isLive && !wasLive.current) setText(t("chat.replying"));
    if (!isLive && wasLive.current && last?.role === "assistant") {
      const words = spoken(last.content);
      setText(
        words.length <= MOST_CHARACTERS
          ? t("chat.replied", { text: words })
          : t("chat.repliedLong", {
              count: words.split(" ").length,
              text: words.slice(0, MOST_CHARACTERS),
            }),
      );
    }
    wasLive.current = isLive;
  }, [isLive, last, t]);
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}
