import type { Client, Conversation, SharedMessage } from "@colloquy/client";
import i18next from "i18next";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./print.module.css";
import { Reading } from "./reading.tsx";

type Sheet = { readonly title: string; readonly messages: readonly SharedMessage[] };

/** So many messages are added at a time, each time when those before them are formatted. */
const MESSAGES_AT_ONCE = 12;

let sheet: Sheet | null = null;
const listeners = new Set<() => void>();
const put = (next: Sheet | null): void => {
  sheet = next;
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Puts the whole conversation on a sheet, and opens the browser's window for printing when it is ready. */
export async function printConversation(
  client: Client,
  conversation: Conversation,
  messages = client.messages.list(conversation.id),
): Promise<void> {
  const said = (await messages).flatMap(({ role, content, attachments = [], created_at }) => {
    const files = attachments.map(({ name }) => name);
    return role === "system" ? [] : [{ role, content, files, created_at }];
  });
  put({ title: conversation.title, messages: said });
}

/** The sheet, which is seen on paper alone. It stands once in the page. */
export function PrintSheet() {
  const shown = useSyncExternalStore(subscribe, () => sheet);
  return shown && createPortal(<Pages key={shown.title} {...shown} />, document.body);
}

function Pages({ title, messages }: Sheet) {
  const { t } = useTranslation();
  const [count, setCount] = useState(MESSAGES_AT_ONCE);
  const element = useRef<HTMLDivElement>(null);
  const isAll = count >= messages.length;

  useEffect(() => {
    const close = notify({
      text: t("print.preparing"),
      showMs: 600_000,
      action: { label: t("ui.cancel"), run: () => put(null) },
    });
    return close;
  }, [t]);

  useEffect(() => {
    const { current } = element;
    if (!current) return;
    const goOn = () => {
      if (current.querySelector("[aria-busy=true], [data-waiting]")) return false;
      if (isAll) print();
      else setCount(count + MESSAGES_AT_ONCE);
      return true;
    };
    if (goOn()) return;
    const observer = new MutationObserver(() => goOn() && observer.disconnect());
    observer.observe(current, { subtree: true, childList: true, attributes: true });
    return () => observer.disconnect();
  }, [count, isAll]);

  return (
    <div ref={element} className={styles.sheet} data-print-sheet aria-hidden inert>
      <header className={styles.head}>
        <h1 dir="auto">{title}</h1>
        <p>
          {new Date().toLocaleDateString(dateLocale(), { dateStyle: "long" })} · {t("app.name")}
        </p>
      </header>
      <Reading messages={messages.slice(0, count)} isWhole />
    </div>
  );
}

/** The window for printing stops the page until it is closed; browsers that do not stop say when it is. */
function print(): void {
  const theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  const done = () => {
    removeEventListener("afterprint", done);
    if (theme === undefined) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    put(null);
  };
  addEventListener("afterprint", done);
  try {
    window.print();
  } catch (error) {
    done();
    notify({ text: i18next.t("print.notPrinted", { reason: wordsOf(error) }), isProblem: true });
  }
}
