import type { CreatedKey } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { Dialog, DialogActions } from "../ui/dialog.tsx";
import styles from "./keys.module.css";

/** Shows a key, this once. It closes by its button alone, so that no stray click loses it. */
export function NewKey({
  made,
  onClose,
}: {
  readonly made: CreatedKey;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const [isKept, setKept] = useState(false);
  return (
    <Dialog title={t("keys.made")} onClose={onClose} isClosable={false}>
      <p>{t("keys.shownOnce")}</p>
      <div className={styles.secret}>
        <code>{made.key}</code>
        <CopyButton label={t("keys.copy")} text={() => made.key} />
      </div>
      <label className={styles.choice}>
        <input
          type="checkbox"
          checked={isKept}
          onChange={(event) => setKept(event.target.checked)}
        />
        {t("keys.kept")}
      </label>
      <DialogActions>
        <Button disabled={!isKept} onClick={onClose}>
          {t("ui.close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
