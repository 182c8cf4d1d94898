import styles from "./mark.module.css";

/** Our sign: a speech bubble left open, closed by the other's voice. */
export function Mark({ className }: { readonly className?: string | undefined }) {
  return (
    <svg
      className={[styles.mark, className].filter(Boolean).join(" ")}
      viewBox="0 0 24 24"
      aria-hidden
    >
      <path
        className={styles.bubble}
        d="M16.8 5.6A8 8 0 0 0 4 12v6.4A1.6 1.6 0 0 0 5.6 20H12a8 8 0 0 0 4.8-1.6"
      />
      <circle className={styles.voice} cx="19.6" cy="12" r="2.9" />
    </svg>
  );
}

/** The other's voice: it ends a reply that comes in and marks a conversation that runs. @param label null: others say it */
export function Dot({
  label = null,
  isLive = false,
  isWaiting = false,
  className,
}: {
  readonly label?: string | null;
  readonly isLive?: boolean;
  /** Whether somebody is to decide before it goes on. */
  readonly isWaiting?: boolean;
  readonly className?: string | undefined;
}) {
  const attributes =
    label === null ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <span
      {...attributes}
      className={[styles.dot, className].filter(Boolean).join(" ")}
      data-live={isLive || undefined}
      data-waits={isWaiting || undefined}
    />
  );
}
