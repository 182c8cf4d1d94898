import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import styles from "./keys.module.css";

const MAX_MODELS_CHARACTERS = 4000;

/** Names between commas or blanks; undefined where there is none. */
export function namesIn(text: string | undefined): string[] | undefined {
  const names = text?.split(/[\s,]+/).filter(Boolean) ?? [];
  return names.length > 0 ? names : undefined;
}

type FieldProps = {
  readonly name: string;
  readonly label: string;
  readonly note: string;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
};

export function Field({ name, label, note, isRequired = false, maxLength = 256 }: FieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        maxLength={maxLength}
        required={isRequired}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-describedby={`${id}note`}
      />
      <p id={`${id}note`} className={styles.facts}>
        {note}
      </p>
    </div>
  );
}

type ChoiceProps = {
  readonly name: string;
  readonly note: string;
  readonly children: ReactNode;
};

export function Choice({ name, note, children }: ChoiceProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label className={styles.choice}>
        <input type="checkbox" name={name} aria-describedby={id} />
        {children}
      </label>
      <p id={id} className={styles.facts}>
        {note}
      </p>
    </div>
  );
}

/** What most people leave as it is: whose the key or the invitation is, for which models, and further choices. */
export function MoreFields({
  summary,
  userNote,
  children,
}: {
  readonly summary: string;
  readonly userNote: string;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <details className={styles.more}>
      <summary>{summary}</summary>
      <div>
        <Field name="user" label={t("keys.user")} note={userNote} />
        <Field name="tenant" label={t("keys.tenant")} note={t("keys.tenantNote")} />
        <Field
          name="models"
          label={t("keys.models")}
          note={t("keys.modelsNote")}
          maxLength={MAX_MODELS_CHARACTERS}
        />
        {children}
      </div>
    </details>
  );
}
