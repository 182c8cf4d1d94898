import { type ReactNode, useId } from "react";
import styles from "./keys.module.css";

export const MAX_MODELS_CHARACTERS = 4000;

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
