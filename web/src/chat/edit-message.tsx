import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { GrowingTextArea } from "../ui/growing-text-area.tsx";
import { useMedia } from "../ui/use-media.ts";
import styles from "./message-row.module.css";

const MAX_FOCUS_FRAMES = 10;

/** A message of one's own, to be said differently. */
export function EditMessage({
  text,
  onSend,
  onCancel,
}: {
  readonly text: string;
  readonly onSend: (text: string) => void;
  readonly onCancel: () => void;
}) {
  const { t } = useTranslation();
  const isTouch = useMedia("(pointer: coarse)");
  const [edited, setEdited] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    let frame = 0;
    // A row that was not in view can have the focus only once it has its place.
    const focus = (triesLeft: number) => {
      field.current?.focus();
      if (document.activeElement === field.current) field.current?.setSelectionRange(-1, -1);
      else if (triesLeft > 0) frame = requestAnimationFrame(() => focus(triesLeft - 1));
    };
    focus(MAX_FOCUS_FRAMES);
    return () => cancelAnimationFrame(frame);
  }, []);
  const send = () => {
    if (edited.trim()) onSend(edited);
  };
  return (
    <form
      className={styles.editing}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <GrowingTextArea
        ref={field}
        aria-label={t("chat.editLabel")}
        enterKeyHint={isTouch ? "enter" : "send"}
        value={edited}
        onChange={(event) => setEdited(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Escape") {
            event.preventDefault();
            onCancel();
          }
          if (event.key === "Enter" && !event.shiftKey && !isTouch) {
            event.preventDefault();
            send();
          }
        }}
      />
      <p className={styles.hint}>{t("chat.editHint")}</p>
      <div className={styles.editActions}>
        <Button look="outlined" onClick={onCancel}>
          {t("ui.cancel")}
        </Button>
        <Button type="submit" disabled={!edited.trim()}>
          {t("chat.send")}
        </Button>
      </div>
    </form>
  );
}
