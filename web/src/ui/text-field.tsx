import { type ComponentProps, type ReactNode, useId } from "react";
import styles from "./text-field.module.css";

type FieldProps = { readonly label: string; readonly hint?: ReactNode };

/** A line of text with its label. */
export function TextField({ label, hint, ...rest }: FieldProps & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input {...rest} id={id} dir="auto" aria-describedby={hint ? `${id}-hint` : undefined} />
      {hint && <p id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Lines of text with their label. */
export function TextArea({ label, hint, ...rest }: FieldProps & ComponentProps<"textarea">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <textarea {...rest} id={id} dir="auto" aria-describedby={hint ? `${id}-hint` : undefined} />
      {hint && <p id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A choice of one among few. */
export function SelectField({ label, hint, ...rest }: FieldProps & ComponentProps<"select">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      {hint && <p id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
