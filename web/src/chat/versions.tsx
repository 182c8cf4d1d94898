import type { Message } from "@colloquy/client";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button.tsx";
import type { ChatActions } from "./chat-actions.ts";
import styles from "./versions.module.css";

/** The version that was asked for, and by which button: the focus goes there once it is shown. */
let wanted: { readonly messageId: string; readonly step: -1 | 1 } | null = null;

/** Which version of a question or an answer is shown, and the ways to the others. */
export function Versions({
  message,
  actions,
}: {
  readonly message: Message;
  readonly actions: Pick<ChatActions, "showVersion">;
}) {
  const { t } = useTranslation();
  const group = useRef<HTMLFieldSetElement>(null);
  const { id, versions } = message;
  useEffect(() => {
    if (wanted?.messageId !== id || !group.current) return;
    const { step } = wanted;
    wanted = null;
    const [back, on] = group.current.querySelectorAll("button");
    const first = step < 0 ? back : on;
    (first?.disabled ? (step < 0 ? on : back) : first)?.focus();
  }, [id]);
  if (!versions) return null;
  const { index, ids } = versions;
  const total = ids.length;
  const go = (step: -1 | 1) => {
    const messageId = ids[index + step];
    if (messageId === undefined) return;
    wanted = { messageId, step };
    actions.showVersion(message, index + step);
  };
  return (
    <fieldset ref={group} className={styles.versions}>
      <legend className="visually-hidden">
        {t("versions.which", { number: index + 1, total })}
      </legend>
      <IconButton label={t("versions.previous")} disabled={index === 0} onClick={() => go(-1)}>
        <ChevronLeft size={16} aria-hidden />
      </IconButton>
      <span aria-hidden>
        {index + 1}/{total}
      </span>
      <IconButton label={t("versions.next")} disabled={index + 1 === total} onClick={() => go(1)}>
        <ChevronRight size={16} aria-hidden />
      </IconButton>
    </fieldset>
  );
}
