import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import styles from "./keys.module.css";

/** Shows a secret, this once. It closes by its button alone, so that no stray click loses it. */
export function ShownOnce({
  title,
  about,
  secret,
  copy,
  isClosable = true,
  onClose,
  children,
}: {
  readonly title: string;
  readonly about: string;
  readonly secret: string;
  /** What the button says that copies it. */
  readonly copy: string;
  /** False as long as its button does nothing. */
  readonly isClosable?: boolean;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} onClose={onClose} isClosable={false}>
      <p>{about}</p>
      <div className={styles.secret}>
        <code>{secret}</code>
        <CopyButton label={copy} text={() => secret} />
      </div>
      {children}
      <DialogActions>
        <Button disabled={!isClosable} onClick={onClose}>
          {t("ui.close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
