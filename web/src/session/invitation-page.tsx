import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { APP_PATH } from "../settings.ts";
import { Button } from "../ui/button.tsx";
import { acceptInvitation, lookAtInvitation, type Offer, type Refusal } from "./invitation.ts";
import styles from "./sign-in.module.css";
import { EntranceFrame } from "./sign-in.tsx";

/** What the link of an invitation opens: who invites whom to what, and a button. Nothing is used up before that is pressed. */
export default function InvitationPage() {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Offer | Refusal | null>(null);
  const [isBusy, setBusy] = useState(false);
  const show = useCallback((found: Offer | Refusal | null) => {
    if (found) setShown(found);
    // Somebody is in. The link leaves the address, too.
    else location.replace(APP_PATH);
  }, []);
  useEffect(() => {
    void lookAtInvitation().then(show);
    // Another link that is opened in the same tab is another invitation.
    const begin = () => location.reload();
    addEventListener("hashchange", begin);
    return () => removeEventListener("hashchange", begin);
  }, [show]);
  useEffect(() => {
    document.title = `${t("invitation.title")} · ${t("app.name")}`;
  }, [t]);

  const accept = async () => {
    setBusy(true);
    const refusal = await acceptInvitation();
    setBusy(refusal === null);
    show(refusal);
  };
  if (shown === null)
    return (
      <EntranceFrame isBrief>
        <p role="status" className={styles.waiting}>
          {t("session.starting")}
        </p>
      </EntranceFrame>
    );
  if ("kind" in shown)
    return (
      <EntranceFrame>
        <h1>{t(shown.kind === "over" ? "invitation.over" : "invitation.notSeen")}</h1>
        {shown.kind === "over" ? (
          <p role="alert">{t("invitation.overText")}</p>
        ) : (
          <>
            <p role="alert" className={styles.reason} lang="en">
              {shown.reason}
            </p>
            <Button onClick={() => void lookAtInvitation().then(show)}>{t("session.retry")}</Button>
          </>
        )}
        <p>
          <a href={APP_PATH}>{t("app.home")}</a>
        </p>
      </EntranceFrame>
    );
  const { invited_by: from, is_operator: isOperator, session_days: count } = shown;
  return (
    <EntranceFrame>
      <h1 dir="auto">{from ? t("invitation.from", { from }) : t("invitation.title")}</h1>
      <p>{t("invitation.text", { host: location.host })}</p>
      {isOperator && <p>{t("invitation.operator")}</p>}
      <Button disabled={isBusy} onClick={() => void accept()}>
        {t("invitation.accept")}
      </Button>
      <p className={styles.note}>{t("invitation.note", { count })}</p>
    </EntranceFrame>
  );
}
