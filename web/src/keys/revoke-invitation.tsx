import type { Invitation } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { wordsOf } from "../words-of.ts";

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
  const deed = revoked.accepted_at === null ? "revoke" : "signOut";

  const revoke = async () => {
    await client.invitations.revoke(revoked.id).catch((error: unknown) => {
      throw new Error(t("invitations.notRevoked", { reason: wordsOf(error) }));
    });
    onClose();
    await onRevoked();
  };
  return (
    <FormDialog
      title={t(`invitations.${deed}This`, { name: revoked.name || revoked.user_id })}
      action={t(`invitations.${deed}`)}
      isDangerous
      staysOpen
      onSubmit={revoke}
      onClose={onClose}
    >
      <p>{t(`invitations.${deed}Text`)}</p>
    </FormDialog>
  );
}
