import type { Grant } from "@colloquy/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { SignIns } from "../sources/sign-ins.tsx";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./asks.module.css";

const grantsKey = ["grants"] as const;

/** The tools that may be used without a question, each of which can be made to ask again. */
export function PermissionsSection() {
  const { t } = useTranslation();
  const { client } = useSession();
  const {
    data: grants,
    error,
    refetch,
  } = useQuery({
    queryKey: grantsKey,
    queryFn: ({ signal }) => client.questions.grants({ signal }),
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
  });
  return (
    <>
      <p className={styles.about}>{t("asks.aboutPermissions")}</p>
      {error && !grants && (
        <p role="alert">
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {grants?.length === 0 && <p>{t("asks.noPermissions")}</p>}
      <ul className={styles.list} aria-label={t("asks.permissions")} tabIndex={-1}>
        {grants?.map((grant) => (
          <GrantRow key={grant.id} grant={grant} />
        ))}
      </ul>
      <SignIns />
    </>
  );
}

function GrantRow({
  grant: { id, tool, source, conversation_id, created_at },
}: {
  readonly grant: Grant;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const revoke = async (list: HTMLElement | null) => {
    try {
      await client.questions.revoke(id);
      await queries.invalidateQueries({ queryKey: grantsKey });
      // The button that had the focus is gone.
      list?.focus();
      notify({ text: t("asks.revoked", { tool }) });
    } catch (error) {
      notify({ text: wordsOf(error), isProblem: true });
    }
  };
  const time = new Date(created_at).toLocaleDateString(dateLocale(), { dateStyle: "medium" });
  return (
    <li>
      <div className={styles.words}>
        <b dir="auto">{tool}</b>
        {conversation_id ? (
          <Link href={`/c/${conversation_id}`}>{t("asks.inOne")}</Link>
        ) : (
          <span>{t("asks.everywhere")}</span>
        )}
        <small dir="auto">
          {source} · {t("asks.since", { time })}
        </small>
      </div>
      <Button
        look="outlined"
        aria-label={t("asks.revokeTool", { tool })}
        onClick={({ currentTarget }) => void revoke(currentTarget.closest("ul"))}
      >
        {t("asks.revoke")}
      </Button>
    </li>
  );
}
