import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./problem.module.css";

/** That something did not work, why, and what one can do. */
export function Problem({
  text,
  reason = null,
  children,
}: {
  readonly text: string;
  readonly reason?: string | null;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.problem} role="alert">
      <TriangleAlert size={18} aria-hidden />
      <p>
        {text} {reason && <span dir="auto">{reason}</span>}
      </p>
      {children}
    </div>
  );
}
