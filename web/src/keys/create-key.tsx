import type { CreatedKey } from "@colloquy/client";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { wordsOf } from "../words-of.ts";
import { Choice, Field, MAX_MODELS_CHARACTERS, namesIn } from "./key-fields.tsx";
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
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim() || undefined;
    setBusy(true);
    setProblem(null);
    try {
      await onCreated(
        await client.keys.create({
          name: text("name"),
          user_id: text("user"),
          tenant_id: text("tenant"),
          act_as: form.has("actAs"),
          is_operator: form.has("operator"),
          claim_code: text("code"),
          models: namesIn(text("models")),
        }),
      );
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("keys.create")} onClose={onClose} isClosable={!isBusy}>
      <form className={styles.form} onSubmit={(event) => void create(event)}>
        {!account.is_claimed && <p className={styles.warning}>{t("keys.claims")}</p>}
        {!account.is_claimed && (
          <Field name="code" label={t("keys.code")} note={t("keys.codeNote")} isRequired />
        )}
        <Field name="name" label={t("keys.name")} note={t("keys.nameNote")} />
        {account.is_claimed && (
          <details>
            <summary>{t("keys.more")}</summary>
            <div className={styles.form}>
              <Field name="user" label={t("keys.user")} note={t("keys.userNote")} />
              <Field name="tenant" label={t("keys.tenant")} note={t("keys.tenantNote")} />
              <Field
                name="models"
                label={t("keys.models")}
                note={t("keys.modelsNote")}
                maxLength={MAX_MODELS_CHARACTERS}
              />
              <Choice name="actAs" note={t("keys.actAsNote")}>
                {t("keys.actAs")}
              </Choice>
              <Choice name="operator" note={t("keys.operatorNote")}>
                {t("keys.operator")}
              </Choice>
            </div>
          </details>
        )}
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
        <DialogActions>
          <Button look="outlined" disabled={isBusy} onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={isBusy}>
            {t(account.is_claimed ? "keys.create" : "keys.createAndSignIn")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
