import type { Invitation } from "@colloquy/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import { Invite } from "./invite.tsx";
import styles from "./keys.module.css";
import { RevokeInvitation } from "./revoke-invitation.tsx";

const invitationsKey = ["invitations"];

/** Whom operators have invited: links with which people sign in without a key. */
export function Invitations() {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const [isInviting, setInviting] = useState(false);
  const [revoked, setRevoked] = useState<Invitation | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const {
    data: invitations,
    error,
    refetch,
  } = useQuery({
    queryKey: invitationsKey,
    queryFn: ({ signal }) => client.invitations.list({ signal }),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: invitationsKey });

  const onRevoked = async () => {
    notify({ text: t("invitations.revoked") });
    await refresh();
    // The button that had the focus is gone.
    heading.current?.focus();
  };
  return (
    <section className={styles.invitations} aria-labelledby="invitations">
      <div className={styles.head}>
        <h2 ref={heading} id="invitations" tabIndex={-1}>
          {t("invitations.title")}
        </h2>
        <Button look="outlined" onClick={() => setInviting(true)}>
          <UserPlus size={17} aria-hidden /> {t("invitations.create")}
        </Button>
      </div>
      <p className={styles.about}>{t("invitations.about")}</p>
      {error && (
        <p role="alert" className={styles.problem}>
          {wordsOf(error)}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {invitations && invitations.length > 0 && (
        <ul className={styles.list} aria-label={t("invitations.title")}>
          {invitations.map((invitation) => (
            <Row
              key={invitation.id}
              invitation={invitation}
              onRevoke={() => setRevoked(invitation)}
            />
          ))}
        </ul>
      )}
      {isInviting && <Invite onClose={() => setInviting(false)} onMade={refresh} />}
      {revoked && (
        <RevokeInvitation
          revoked={revoked}
          onClose={() => setRevoked(null)}
          onRevoked={onRevoked}
        />
      )}
    </section>
  );
}

function Row({
  invitation,
  onRevoke,
}: {
  readonly invitation: Invitation;
  readonly onRevoke: () => void;
}) {
  const { t } = useTranslation();
  const { name, user_id, is_operator, models, expires_at, accepted_at } = invitation;
  const deed = accepted_at === null ? "revoke" : "signOut";
  const day = (iso: string) =>
    new Date(iso).toLocaleDateString(dateLocale(), { dateStyle: "medium" });
  const facts = [
    t("keys.ofUser", { user: user_id }),
    ...(models ? [t("keys.onlyModels", { models: models.join(", ") })] : []),
    ...(is_operator ? [t("keys.operators")] : []),
  ];
  return (
    <li className={styles.key}>
      <div className={styles.words}>
        <h3 dir="auto">{name || t("keys.nameless")}</h3>
        <p className={styles.facts} dir="auto">
          {facts.join(" · ")}
        </p>
        <p className={styles.facts}>
          {accepted_at === null
            ? t("invitations.openUntil", { time: day(expires_at) })
            : t("invitations.acceptedAt", { time: day(accepted_at) })}
        </p>
      </div>
      <Button
        look="danger"
        aria-label={t(`invitations.${deed}This`, { name: name || user_id })}
        onClick={onRevoke}
      >
        {t(`invitations.${deed}`)}
      </Button>
    </li>
  );
}
