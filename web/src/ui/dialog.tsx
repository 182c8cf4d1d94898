import { Dialog as AriakitDialog, DialogDismiss, DialogHeading } from "@ariakit/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import buttonStyles from "./button.module.css";
import { coverPage } from "./covered.ts";
import styles from "./dialog.module.css";
import { openerNow } from "./opener.ts";

const FIELDS = "input:not([type=hidden], :disabled), textarea, select";
/** The buttons at its foot begin with the one that changes nothing. */
const SAFE_BUTTON = "[data-dialog-actions] button:not(:disabled)";

/**
 * A window over the page; Escape, a click beside it and its cross close it. Its first field has the
 * focus or, where it has none, the button that changes nothing; afterwards what opened it has it again.
 */
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
  const dialog = useRef<HTMLDivElement>(null);
  const [opener] = useState(openerNow);
  const [initialFocus] = useState(() => ({
    get current(): HTMLElement | null {
      const first = (what: string) => dialog.current?.querySelector<HTMLElement>(what) ?? null;
      return first(FIELDS) ?? first(SAFE_BUTTON);
    },
  }));
  useLayoutEffect(coverPage, []);
  return (
    <AriakitDialog
      ref={dialog}
      open
      initialFocus={initialFocus}
      finalFocus={opener?.isConnected ? opener : null}
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
  return (
    <div className={styles.actions} data-dialog-actions>
      {children}
    </div>
  );
}
