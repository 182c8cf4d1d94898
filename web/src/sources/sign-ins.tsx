import type { ToolSignIn } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { Button } from "../ui/button.tsx";
import styles from "./sources.module.css";
import { sourcesKey } from "./sources-key.ts";
import { useSignIn, useSignIns } from "./use-sign-ins.ts";

/** The person's accounts at sources of tools; nothing where no source has any. */
export function SignIns() {
  const { t } = useTranslation();
  const title = useId();
  const queries = useQueryClient();
  const { data: signIns } = useSignIns();
  const times = signIns?.map((one) => one.signed_in_at).join();
  useEffect(() => {
    // A source says what tools it has once an operator has signed in.
    if (times !== undefined) void queries.invalidateQueries({ queryKey: sourcesKey });
  }, [queries, times]);
  if (!signIns || signIns.length === 0) return null;
  return (
    <section className={styles.source} aria-labelledby={title}>
      <header className={styles.head}>
        <h2 id={title}>{t("sources.accounts")}</h2>
      </header>
      <p className={styles.soft}>{t("sources.aboutAccounts")}</p>
      <ul className={styles.tools} aria-labelledby={title}>
        {signIns.map((signIn) => (
          <SignInRow key={signIn.source} signIn={signIn} />
        ))}
      </ul>
    </section>
  );
}

function SignInRow({ signIn: { source, signed_in_at } }: { readonly signIn: ToolSignIn }) {
  const { t } = useTranslation();
  const { isBusy, problem, signIn, signOut } = useSignIn(source);
  const isIn = signed_in_at !== null;
  const time =
    signed_in_at === null
      ? ""
      : new Date(signed_in_at).toLocaleString(dateLocale(), {
          dateStyle: "medium",
          timeStyle: "short",
        });
  return (
    <li className={styles.tool}>
      <div className={styles.words}>
        <h3 dir="auto">{source}</h3>
        <p className={styles.soft} role="status">
          {isIn ? t("sources.signedInSince", { time }) : t("sources.notSignedIn")}
        </p>
        {problem && (
          <p role="alert" className={styles.problem} dir="auto">
            {problem}
          </p>
        )}
      </div>
      {isIn ? (
        <Button
          look="outlined"
          disabled={isBusy}
          aria-label={t("sources.signOutOf", { source })}
          onClick={() => void signOut()}
        >
          {t("sources.signOut")}
        </Button>
      ) : (
        <Button
          disabled={isBusy}
          aria-label={t("asks.signIn", { source })}
          onClick={() => void signIn()}
        >
          {t("sources.signIn")}
        </Button>
      )}
    </li>
  );
}
