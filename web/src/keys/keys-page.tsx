import type { CreatedKey, Key } from "@colloquy/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Command } from "../ui/command.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { wordsOf } from "../words-of.ts";
import { CreateKey } from "./create-key.tsx";
import { Invitations } from "./invitations.tsx";
import { KeyTable } from "./key-table.tsx";
import styles from "./keys.module.css";
import { NewKey } from "./new-key.tsx";
import { RevokeKey } from "./revoke-key.tsx";

const keysKey = ["keys"];

/** Who has a key to this server. */
export default function KeysPage() {
  const { t } = useTranslation();
  const { account } = useSession();
  if (account.is_operator || !account.is_claimed) return <Keys />;
  return (
    <PageFrame title={t("keys.title")}>
      <p>{t("keys.forOperators")}</p>
      <Command args="keys create --operator" />
    </PageFrame>
  );
}

function Keys() {
  const { t } = useTranslation();
  const { client, account, key: ownKey, changeKey } = useSession();
  const queries = useQueryClient();
  const {
    data: keys,
    error,
    refetch,
  } = useQuery({
    queryKey: keysKey,
    queryFn: ({ signal }) => client.keys.list({ signal }),
    enabled: account.is_operator,
  });
  const [isCreating, setCreating] = useState(false);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const [revoked, setRevoked] = useState<Key | null>(null);
  const isOwn = ({ prefix }: Key) => ownKey?.startsWith(prefix) ?? false;
  const refresh = () => queries.invalidateQueries({ queryKey: keysKey });

  const onCreated = async (made: CreatedKey) => {
    setCreating(false);
    setCreated(made);
    // From now on the server wants a key of this page, too.
    if (!account.is_claimed) await changeKey(made.key);
    await refresh();
  };
  return (
    <PageFrame
      title={t("keys.title")}
      actions={
        (account.is_operator || account.takes_claim_code) && (
          <Button onClick={() => setCreating(true)}>
            <Plus size={17} aria-hidden /> {t("keys.create")}
          </Button>
        )
      }
    >
      <p className={styles.about}>{t(account.is_claimed ? "keys.about" : "keys.aboutUnclaimed")}</p>
      {!account.is_operator && (
        <>
          <p>{t(account.takes_claim_code ? "keys.byCodeOrCommand" : "keys.byCommand")}</p>
          <Command args="keys create --name me" />
        </>
      )}
      {error && (
        <p role="alert" className={styles.problem}>
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {keys && keys.length > 0 && (
        <KeyTable keys={keys} isOwn={isOwn} onRevoke={(key) => setRevoked(key)} />
      )}
      {account.is_operator && <Invitations />}
      {isCreating && <CreateKey onClose={() => setCreating(false)} onCreated={onCreated} />}
      {created && <NewKey made={created} onClose={() => setCreated(null)} />}
      {revoked && (
        <RevokeKey
          revoked={revoked}
          isOwn={isOwn(revoked)}
          isLastOperator={isLastOperator(revoked, keys ?? [])}
          onClose={() => setRevoked(null)}
          onRevoked={refresh}
        />
      )}
    </PageFrame>
  );
}

const isLastOperator = (key: Key, keys: readonly Key[]): boolean =>
  key.is_operator &&
  !keys.some((other) => other.id !== key.id && other.is_operator && other.revoked_at === null);
