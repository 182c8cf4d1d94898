import { Dialog as AriakitDialog, DialogDismiss, DialogHeading } from "@ariakit/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import buttonStyles from "./button.module.css";
import styles from "./dialog.module.css";

/** A window over the page; Escape, a click beside it and its cross close it. */
export function Dialog({
  title,
  onClose,
  children,
  isWide = false,
  isClosable = true,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly isWide?: boolean;
  /** False while something runs in it that closing would hide. */
  readonly isClosable?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <AriakitDialog
      open
      onClose={onClose}
      hideOnEscape={isClosable}
      hideOnInteractOutside={isClosable}
      backdrop={<div className={styles.backdrop} />}
      className={styles.dialog}
      data-wide={isWide || undefined}
    >
      <header className={styles.header}>
        <DialogHeading className={styles.title}>{title}</DialogHeading>
        {isClosable && (
          <DialogDismiss
            aria-label={t("ui.close")}
            className={`${buttonStyles.button} ${buttonStyles.plain} ${buttonStyles.icon}`}
          >
            <X size={18} aria-hidden />
          </DialogDismiss>
        )}
      </header>
      {children}
    </AriakitDialog>
  );
}

/** The buttons at a dialog's foot. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}
