import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { wordsOf } from "../words-of.ts";
import { Button } from "./button.tsx";
import { Dialog, DialogActions } from "./dialog.tsx";
import styles from "./form-dialog.module.css";

type FormDialogProps = {
  readonly title: string;
  /** What the button says that sends it; "Save" where nothing is given. */
  readonly action?: string;
  readonly isDangerous?: boolean;
  /** True where closing it meanwhile would hide what comes of it. */
  readonly staysOpen?: boolean;
  /** Carries it out, and closes the window. What it rejects with is shown, and the form stays as it was. */
  readonly onSubmit: (form: FormData) => Promise<void>;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** A window that asks for something, or asks before something is done. */
export function FormDialog({
  title,
  action,
  isDangerous = false,
  staysOpen = false,
  onSubmit,
  onClose,
  children,
}: FormDialogProps) {
  const { t } = useTranslation();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit(new FormData(event.currentTarget));
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  };
  return (
    <Dialog title={title} onClose={onClose} isClosable={!(staysOpen && isBusy)}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {children}
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
        <DialogActions>
          <Button look="outlined" disabled={staysOpen && isBusy} onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" look={isDangerous ? "danger" : "filled"} disabled={isBusy}>
            {action ?? t("ui.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** A field's text, without blanks around it; undefined: there is none. */
export const textIn = (form: FormData, name: string): string | undefined =>
  String(form.get(name) ?? "").trim() || undefined;
