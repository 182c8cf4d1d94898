import type { Key } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./keys.module.css";

/** Asks before a key is made worthless. */
export function RevokeKey({
  revoked,
  isOwn,
  isLastOperator,
  onClose,
  onRevoked,
}: {
  readonly revoked: Key;
  readonly isOwn: boolean;
  readonly isLastOperator: boolean;
  readonly onClose: () => void;
  readonly onRevoked: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const name = revoked.name || `${revoked.prefix}…`;

  const revoke = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await client.keys.revoke(revoked.id);
      onClose();
      notify({ text: t("keys.revoked", { name }) });
      await onRevoked();
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("keys.revokeThis", { name })} onClose={onClose} isClosable={!isBusy}>
      <p>{t("keys.revokeText")}</p>
      {isOwn && <p className={styles.warning}>{t("keys.revokeOwn")}</p>}
      {isLastOperator && <p className={styles.warning}>{t("keys.revokeLast")}</p>}
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
          {t("keys.revoke")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
