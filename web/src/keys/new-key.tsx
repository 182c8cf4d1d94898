import type { CreatedKey } from "@colloquy/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./keys.module.css";
import { ShownOnce } from "./shown-once.tsx";

/** Shows a key, until somebody says to have kept it. */
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
    <ShownOnce
      title={t("keys.made")}
      about={t("keys.shownOnce")}
      secret={made.key}
      copy={t("keys.copy")}
      isClosable={isKept}
      onClose={onClose}
    >
      <label className={styles.choice}>
        <input
          type="checkbox"
          checked={isKept}
          onChange={(event) => setKept(event.target.checked)}
        />
        {t("keys.kept")}
      </label>
    </ShownOnce>
  );
}
