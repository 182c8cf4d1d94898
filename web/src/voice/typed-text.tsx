import { SendHorizontal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { readDraft, writeDraft } from "../chat/drafts.ts";
import { useSession } from "../session/session.tsx";
import { IconButton } from "../ui/button.tsx";
import { TYPED_DRAFT } from "./voice-context.ts";
import styles from "./voice-panel.module.css";
import type { VoiceTalk } from "./voice-talk.ts";

/** Typing instead of speaking. What is not sent yet is kept, as every draft. */
export function TypedText({ talk }: { readonly talk: VoiceTalk }) {
  const { t } = useTranslation();
  const { account } = useSession();
  const [text, setText] = useState(() => readDraft(account, TYPED_DRAFT));
  const put = (next: string) => {
    setText(next);
    writeDraft(account, TYPED_DRAFT, next);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    talk.type(text);
    put("");
  };
  return (
    <form className={styles.typed} onSubmit={send}>
      <input
        value={text}
        onChange={(event) => put(event.target.value)}
        autoComplete="off"
        aria-label={t("voice.typeLabel")}
        placeholder={t("voice.typePlaceholder")}
        maxLength={100_000}
      />
      <IconButton type="submit" label={t("voice.send")}>
        <SendHorizontal aria-hidden size={18} />
      </IconButton>
    </form>
  );
}
