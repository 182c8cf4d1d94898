import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../i18n/index.ts";
import styles from "./chat-page.module.css";
import { useModels } from "./use-models.ts";

const subscribe = (listener: () => void) => {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
};

const MOMENT = {
  weekday: "long",
  day: "numeric",
  month: "long",
  hour: "numeric",
  minute: "2-digit",
} as const;

const momentOf = (time: string): string => new Date(time).toLocaleString(dateLocale(), MOMENT);

/** A line below the field: what is worth knowing just now. */
export function FootNote({
  isReplying,
  expiresAt,
  next,
}: {
  readonly isReplying: boolean;
  /** Of a temporary conversation, as ISO 8601. */
  readonly expiresAt: string | null;
  /** While two answers stand side by side: who is to answer next, if none of them is chosen before; null: none do. */
  readonly next: string | null;
}) {
  const { t } = useTranslation();
  const { data: models } = useModels();
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <p className={styles.note} data-offline={!isOnline || undefined}>
      {!isOnline && <WifiOff size={14} aria-hidden />}
      {isOnline && next !== null && !isReplying
        ? t("compare.next", { model: models?.find(({ id }) => id === next)?.name ?? next })
        : isOnline && expiresAt && !isReplying
          ? t("temporary.until", { time: momentOf(expiresAt) })
          : t(!isOnline ? "chat.offline" : isReplying ? "chat.mayClose" : "chat.caution")}
    </p>
  );
}
