import type { CreatedInvitation } from "@colloquy/client";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import { useSession } from "../session/session.tsx";
import { APP_PATH } from "../settings.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import { wordsOf } from "../words-of.ts";
import { Choice, Field, MAX_MODELS_CHARACTERS, namesIn } from "./key-fields.tsx";
import styles from "./keys.module.css";

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
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [made, setMade] = useState<CreatedInvitation | null>(null);

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim() || undefined;
    setBusy(true);
    setProblem(null);
    try {
      setMade(
        await client.invitations.create({
          name: text("name"),
          invited_by: text("from"),
          user_id: text("user"),
          tenant_id: text("tenant"),
          is_operator: form.has("operator"),
          models: namesIn(text("models")),
        }),
      );
      await onMade();
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  };
  if (made) return <NewLink made={made} onClose={onClose} />;
  return (
    <Dialog title={t("invitations.create")} onClose={onClose} isClosable={!isBusy}>
      <form className={styles.form} onSubmit={(event) => void create(event)}>
        <Field name="name" label={t("invitations.name")} note={t("invitations.nameNote")} />
        <Field name="from" label={t("invitations.from")} note={t("invitations.fromNote")} />
        <details>
          <summary>{t("invitations.more")}</summary>
          <div className={styles.form}>
            <Field name="user" label={t("keys.user")} note={t("invitations.userNote")} />
            <Field name="tenant" label={t("keys.tenant")} note={t("keys.tenantNote")} />
            <Field
              name="models"
              label={t("keys.models")}
              note={t("keys.modelsNote")}
              maxLength={MAX_MODELS_CHARACTERS}
            />
            <Choice name="operator" note={t("keys.operatorNote")}>
              {t("invitations.operator")}
            </Choice>
          </div>
        </details>
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
            {t("invitations.makeLink")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** It closes by its button alone, so that no stray click loses the link. */
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
    <Dialog title={t("invitations.made")} onClose={onClose} isClosable={false}>
      <p>{t("invitations.shownOnce", { time })}</p>
      <div className={styles.secret}>
        <code>{link}</code>
        <CopyButton label={t("invitations.copy")} text={() => link} />
      </div>
      <DialogActions>
        <Button onClick={onClose}>{t("ui.close")}</Button>
      </DialogActions>
    </Dialog>
  );
}
