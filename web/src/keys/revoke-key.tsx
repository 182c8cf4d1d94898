import type { Key } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { notify } from "../ui/notices.tsx";
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
  const name = revoked.name || `${revoked.prefix}…`;

  const revoke = async () => {
    await client.keys.revoke(revoked.id);
    onClose();
    notify({ text: t("keys.revoked", { name }) });
    await onRevoked();
  };
  return (
    <FormDialog
      title={t("keys.revokeThis", { name })}
      action={t("keys.revoke")}
      isDangerous
      staysOpen
      onSubmit={revoke}
      onClose={onClose}
    >
      <p>{t("keys.revokeText")}</p>
      {isOwn && <p className={styles.warning}>{t("keys.revokeOwn")}</p>}
      {isLastOperator && <p className={styles.warning}>{t("keys.revokeLast")}</p>}
    </FormDialog>
  );
}
