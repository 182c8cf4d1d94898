import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import styles from "./chat-page.module.css";

const subscribe = (listener: () => void) => {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
};

/** A line below the field: what is worth knowing just now. */
export function FootNote({ isReplying }: { readonly isReplying: boolean }) {
  const { t } = useTranslation();
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <p className={styles.note} data-offline={!isOnline || undefined}>
      {!isOnline && <WifiOff size={14} aria-hidden />}
      {t(!isOnline ? "chat.offline" : isReplying ? "chat.mayClose" : "chat.caution")}
    </p>
  );
}
