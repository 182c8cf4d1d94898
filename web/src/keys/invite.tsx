import type { CreatedInvitation } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { APP_PATH } from "../settings.ts";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { Choice, Field, MoreFields, namesIn } from "./key-fields.tsx";
import { ShownOnce } from "./shown-once.tsx";

/** Asks whom the invitation is for, and then shows its link, this once. */
export function Invite({
  onClose,
  onMade,
}: {
  readonly onClose: () => void;
  readonly onMade: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const [made, setMade] = useState<CreatedInvitation | null>(null);

  const create = async (form: FormData) => {
    setMade(
      await client.invitations.create({
        name: textIn(form, "name"),
        invited_by: textIn(form, "from"),
        user_id: textIn(form, "user"),
        tenant_id: textIn(form, "tenant"),
        is_operator: form.has("operator"),
        models: namesIn(textIn(form, "models")),
      }),
    );
    await onMade();
  };
  if (made) return <NewLink made={made} onClose={onClose} />;
  return (
    <FormDialog
      title={t("invitations.create")}
      action={t("invitations.makeLink")}
      staysOpen
      onSubmit={create}
      onClose={onClose}
    >
      <Field name="name" label={t("invitations.name")} note={t("invitations.nameNote")} />
      <Field name="from" label={t("invitations.from")} note={t("invitations.fromNote")} />
      <MoreFields summary={t("invitations.more")} userNote={t("invitations.userNote")}>
        <Choice name="operator" note={t("keys.operatorNote")}>
          {t("invitations.operator")}
        </Choice>
      </MoreFields>
    </FormDialog>
  );
}

function NewLink({
  made,
  onClose,
}: {
  readonly made: CreatedInvitation;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const link = `${location.origin}${APP_PATH}invitation#${made.secret}`;
  const time = new Date(made.expires_at).toLocaleDateString(dateLocale(), { dateStyle: "long" });
  return (
    <ShownOnce
      title={t("invitations.made")}
      about={t("invitations.shownOnce", { time })}
      secret={link}
      copy={t("invitations.copy")}
      onClose={onClose}
    />
  );
}
