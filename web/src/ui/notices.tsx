import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button.tsx";
import styles from "./notices.module.css";

export type Notice = {
  readonly text: string;
  readonly isProblem?: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** How long it stays; a problem stays until it is closed. */
  readonly showMs?: number;
};

type Shown = Notice & { readonly id: number };

const DEFAULT_MS = 5_000;
const MAX_AT_ONCE = 4;

let shown: readonly Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

const show = (next: readonly Shown[]) => {
  shown = next;
  for (const listener of listeners) listener();
};

const close = (id: number) => show(shown.filter((notice) => notice.id !== id));

export const closeNotices = (): void => show([]);

/** Says something at the foot of the page, to be seen and heard, and lets one go on. */
export function notify(notice: Notice): () => void {
  lastId += 1;
  const id = lastId;
  show([...shown.slice(1 - MAX_AT_ONCE), { ...notice, id }]);
  if (!notice.isProblem) setTimeout(() => close(id), notice.showMs ?? DEFAULT_MS);
  return () => close(id);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Where notices appear: once in the page. */
export function Notices() {
  const { t } = useTranslation();
  const notices = useSyncExternalStore(subscribe, () => shown);
  return (
    <div className={styles.notices} role="status">
      {notices.map(({ id, text, isProblem, action }) => (
        <div key={id} className={styles.notice} data-problem={isProblem || undefined}>
          <span dir="auto">{text}</span>
          {action && (
            <Button
              look="plain"
              className={styles.action}
              onClick={() => {
                close(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton label={t("ui.close")} onClick={() => close(id)}>
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
