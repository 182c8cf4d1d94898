import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "wouter";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Command } from "../ui/command.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { SignIns } from "./sign-ins.tsx";
import { SourceSection } from "./source-section.tsx";
import styles from "./sources.module.css";
import { sourcesKey } from "./sources-key.ts";

/** How often the page asks whether the sources answer. */
const REFRESH_MS = 10_000;

/** The sources of tools, for whoever runs the server. */
export default function SourcesPage() {
  const { t } = useTranslation();
  const { account } = useSession();
  return (
    <PageFrame title={t("sources.title")}>
      <Outcome />
      <SignIns />
      {account.is_operator ? (
        <Sources />
      ) : account.is_claimed ? (
        <>
          <p>{t("status.forOperators")}</p>
          <Command args="keys create --operator" />
        </>
      ) : (
        <>
          <p>{t("sources.unclaimed")}</p>
          <Link href="/keys">{t("status.toKeys")}</Link>
        </>
      )}
    </PageFrame>
  );
}

/** What became of a sign-in that was done on a page elsewhere. */
const OUTCOMES = {
  done: "sources.signedIn",
  denied: "sources.signInDenied",
  state: "sources.signInState",
  expired: "sources.signInExpired",
  unavailable: "sources.signInUnavailable",
  failed: "sources.signInFailed",
} as const;

function Outcome() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const outcome = Object.entries(OUTCOMES).find(([name]) => name === search.get("signed-in"));
  if (!outcome) return null;
  const [name, words] = outcome;
  return name === "done" ? (
    <p role="status">{t(words)}</p>
  ) : (
    <p role="alert" className={styles.problem}>
      {t(words)}
    </p>
  );
}

function Sources() {
  const { t } = useTranslation();
  const { client } = useSession();
  const {
    data: sources,
    error,
    refetch,
  } = useQuery({
    queryKey: sourcesKey,
    queryFn: ({ signal }) => client.tools.list({ signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <>
      <p className={styles.soft}>{t("sources.about")}</p>
      {error && (
        <p role="alert" className={styles.problem}>
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {!sources && !error && <p role="status">{t("session.starting")}</p>}
      {sources?.length === 0 && <p>{t("sources.none")}</p>}
      {sources?.map((source) => (
        <SourceSection key={source.label} source={source} />
      ))}
    </>
  );
}
