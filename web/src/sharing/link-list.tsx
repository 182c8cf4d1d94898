import type { Share } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { addressOf, sharesKey } from "./links.ts";
import styles from "./share.module.css";

/** Links of one's own: to be copied, looked at and ended. */
export function LinkList({
  shares,
  hasTitles,
}: {
  readonly shares: readonly Share[];
  /** False where all are of one conversation. */
  readonly hasTitles: boolean;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const list = useRef<HTMLUListElement>(null);
  const revoke = async (share: Share) => {
    try {
      await client.shares.revoke(share.id);
      queries.setQueryData<Share[]>(sharesKey, (known) =>
        known?.filter(({ id }) => id !== share.id),
      );
      notify({ text: t("share.revoked") });
      // The button that had the focus is gone.
      requestAnimationFrame(() => list.current?.focus());
    } catch (error) {
      notify({ text: t("share.notRevoked", { reason: wordsOf(error) }), isProblem: true });
    }
  };
  const day = (iso: string) =>
    new Date(iso).toLocaleDateString(dateLocale(), { dateStyle: "medium" });
  return (
    <ul ref={list} className={styles.list} aria-label={t("share.yours")} tabIndex={-1}>
      {shares.map((share) => (
        <li key={share.id} className={styles.row}>
          <div className={styles.words}>
            <a href={addressOf(share)} target="_blank" rel="noreferrer" dir="auto">
              {hasTitles ? share.title : t("share.open")}
              <ExternalLink size={14} aria-hidden />
            </a>
            <p>
              {t("share.madeAt", { time: day(share.created_at) })} ·{" "}
              {t("share.until", { time: day(share.expires_at) })}
            </p>
          </div>
          <CopyButton text={() => addressOf(share)} label={t("share.copy")} />
          <Button
            look="outlined"
            aria-label={t("share.revokeThis", { title: share.title })}
            onClick={() => void revoke(share)}
          >
            {t("share.revoke")}
          </Button>
        </li>
      ))}
    </ul>
  );
}
