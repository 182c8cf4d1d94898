import type { Key } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import styles from "./keys.module.css";

/** The user who speaks when nobody is named. */
const USUAL_USER = "00000000-0000-4000-8000-000000000001";
const USUAL_TENANT = "local";

/** Those that work first, each group oldest first. */
export function KeyTable({
  keys,
  isOwn,
  onRevoke,
}: {
  readonly keys: readonly Key[];
  readonly isOwn: (key: Key) => boolean;
  readonly onRevoke: (key: Key) => void;
}) {
  const { t } = useTranslation();
  const ordered = [
    ...keys.filter((key) => key.revoked_at === null),
    ...keys.filter((key) => key.revoked_at !== null),
  ];
  return (
    <ul className={styles.list}>
      {ordered.map((key) => (
        <li key={key.id} className={styles.key} data-revoked={key.revoked_at !== null || undefined}>
          <div className={styles.words}>
            <h2 dir="auto">
              {key.name || t("keys.nameless")}{" "}
              {isOwn(key) && <span className={styles.mark}>{t("keys.yours")}</span>}
            </h2>
            <p>
              <code>{key.prefix}…</code>
            </p>
            <p className={styles.facts} dir="auto">
              {factsOf(key, t).join(" · ")}
            </p>
            <p className={styles.facts}>
              <Moment at={key.created_at} text="keys.createdAt" />
              {key.revoked_at !== null && (
                <>
                  {" · "}
                  <Moment at={key.revoked_at} text="keys.revokedAt" />
                </>
              )}
            </p>
          </div>
          {key.revoked_at === null && (
            <Button
              look="danger"
              aria-label={t("keys.revokeThis", { name: key.name || key.prefix })}
              onClick={() => onRevoke(key)}
            >
              {t("keys.revoke")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function factsOf(key: Key, t: Translate): string[] {
  const user =
    key.user_id === USUAL_USER ? t("keys.usualUser") : t("keys.ofUser", { user: key.user_id });
  return [
    key.act_as ? t("keys.anyUser") : user,
    ...(key.tenant_id === USUAL_TENANT ? [] : [t("keys.ofTenant", { tenant: key.tenant_id })]),
    ...(key.models ? [t("keys.onlyModels", { models: key.models.join(", ") })] : []),
    ...(key.is_operator ? [t("keys.operators")] : []),
  ];
}

function Moment({ at, text }: { readonly at: string; readonly text: string }) {
  const { t, i18n } = useTranslation();
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  return <time dateTime={at}>{t(text, { time: time.format(new Date(at)) })}</time>;
}
