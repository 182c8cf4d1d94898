import type { CreatedKey } from "@colloquy/client";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { Choice, Field, MoreFields, namesIn } from "./key-fields.tsx";
import styles from "./keys.module.css";

/** Asks what the key is to be for. */
export function CreateKey({
  onClose,
  onCreated,
}: {
  readonly onClose: () => void;
  readonly onCreated: (key: CreatedKey) => Promise<void>;
}) {
  const { t } = useTranslation();
  const { client, account } = useSession();

  const create = async (form: FormData) => {
    await onCreated(
      await client.keys.create({
        name: textIn(form, "name"),
        user_id: textIn(form, "user"),
        tenant_id: textIn(form, "tenant"),
        act_as: form.has("actAs"),
        is_operator: form.has("operator"),
        claim_code: textIn(form, "code"),
        models: namesIn(textIn(form, "models")),
      }),
    );
  };
  return (
    <FormDialog
      title={t("keys.create")}
      action={t(account.is_claimed ? "keys.create" : "keys.createAndSignIn")}
      staysOpen
      onSubmit={create}
      onClose={onClose}
    >
      {!account.is_claimed && <p className={styles.warning}>{t("keys.claims")}</p>}
      {!account.is_claimed && (
        <Field name="code" label={t("keys.code")} note={t("keys.codeNote")} isRequired />
      )}
      <Field name="name" label={t("keys.name")} note={t("keys.nameNote")} />
      {account.is_claimed && (
        <MoreFields summary={t("keys.more")} userNote={t("keys.userNote")}>
          <Choice name="actAs" note={t("keys.actAsNote")}>
            {t("keys.actAs")}
          </Choice>
          <Choice name="operator" note={t("keys.operatorNote")}>
            {t("keys.operator")}
          </Choice>
        </MoreFields>
      )}
    </FormDialog>
  );
}
