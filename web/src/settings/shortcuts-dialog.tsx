import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/dialog.tsx";
import styles from "./settings.module.css";
import { SHORTCUTS } from "./shortcuts.ts";

export default function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <dl className={styles.shortcuts}>
        {SHORTCUTS.map(({ action, keys }) => (
          <div key={action}>
            <dt>{t(action)}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
