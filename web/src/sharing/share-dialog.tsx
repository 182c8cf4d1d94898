import type { Share } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { SelectField } from "../ui/text-field.tsx";
import { wordsOf } from "../words-of.ts";
import { LinkList } from "./link-list.tsx";
import { addressOf, sharesKey, useShares } from "./links.ts";
import styles from "./share.module.css";

const DAYS = [1, 7, 30, 365] as const;
const USUAL_DAYS = 30;

/** Makes a link to a conversation, up to one of its messages or as it is now. */
export default function ShareDialog({
  conversationId,
  messageId,
  onClose,
}: {
  readonly conversationId: string;
  readonly messageId?: string | undefined;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const [days, setDays] = useState<number>(USUAL_DAYS);
  const [made, setMade] = useState<Share | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const address = useRef<HTMLInputElement>(null);
  const { data: shares = [] } = useShares();
  const others = shares.filter(
    (share) => share.conversation_id === conversationId && share.id !== made?.id,
  );
  useEffect(() => {
    if (made) address.current?.select();
  }, [made]);

  const make = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setMade(
        await client.shares.create(conversationId, {
          message_id: messageId,
          expires_in_days: days,
        }),
      );
      await queries.invalidateQueries({ queryKey: sharesKey });
    } catch (error) {
      setProblem(t("share.notMade", { reason: wordsOf(error) }));
    }
    setBusy(false);
  };
  const time =
    made && new Date(made.expires_at).toLocaleDateString(dateLocale(), { dateStyle: "long" });
  return (
    <Dialog title={t(messageId ? "share.upTo" : "share.conversation")} onClose={onClose}>
      <p className={styles.about}>{t(messageId ? "share.aboutUpTo" : "share.about")}</p>
      {made ? (
        <div className={styles.made}>
          <input
            ref={address}
            className={styles.address}
            aria-label={t("share.link")}
            readOnly
            dir="ltr"
            value={addressOf(made)}
            onFocus={(event) => event.target.select()}
          />
          <CopyButton text={() => addressOf(made)} label={t("share.copy")} />
          <p className={styles.until}>{t("share.until", { time })}</p>
        </div>
      ) : (
        <SelectField
          label={t("share.worksFor")}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {DAYS.map((count) => (
            <option key={count} value={count}>
              {t("share.days", { count })}
            </option>
          ))}
        </SelectField>
      )}
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      {others.length > 0 && (
        <section className={styles.others}>
          <h2>{t("share.ofThis")}</h2>
          <LinkList shares={others} hasTitles={false} />
        </section>
      )}
      <DialogActions>
        <Link href="/links" className={styles.all} onClick={onClose}>
          {t("share.all")}
        </Link>
        {made ? (
          <Button onClick={onClose}>{t("share.done")}</Button>
        ) : (
          <Button disabled={isBusy} aria-busy={isBusy} onClick={() => void make()}>
            {t("share.make")}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
