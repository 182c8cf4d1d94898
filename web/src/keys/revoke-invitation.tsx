import type { Invitation } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./keys.module.css";

/** Asks before a link opens nothing any more, or its person is signed out. */
export function RevokeInvitation({
  revoked,
  onClose,
  onRevoked,
}: {
  readonly revoked: Invitation;
  readonly onClose: () => void;
  readonly onRevoked: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const deed = revoked.accepted_at === null ? "revoke" : "signOut";
  const title = t(`invitations.${deed}This`, { name: revoked.name || revoked.user_id });

  const revoke = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await client.invitations.revoke(revoked.id);
      onClose();
      await onRevoked();
    } catch (error) {
      setProblem(t("invitations.notRevoked", { reason: wordsOf(error) }));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose} isClosable={!isBusy}>
      <p>{t(`invitations.${deed}Text`)}</p>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <DialogActions>
        <Button look="outlined" disabled={isBusy} onClick={onClose}>
          {t("ui.cancel")}
        </Button>
        <Button look="danger" disabled={isBusy} onClick={() => void revoke()}>
          {t(`invitations.${deed}`)}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
