import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import styles from "./fold.module.css";

/** Those that somebody has opened stay open when their reply ends, and when one scrolls away and comes back. */
const opened = new Set<string>();

/**
 * A step of a reply, folded into a row that opens what belongs to it.
 * @param place what stays the same while the reply runs and after it; null: that it is open is not remembered
 * @param sign what stands before the words, in the column that all steps share
 */
export function Fold({
  place,
  sign,
  words,
  beside,
  state,
  className,
  children,
}: {
  readonly place: string | null;
  readonly sign: ReactNode;
  readonly words: ReactNode;
  /** What can be done without opening it. */
  readonly beside?: ReactNode;
  readonly state?: string;
  /** Of what it opens. */
  readonly className: string | undefined;
  readonly children: ReactNode;
}) {
  const panel = useId();
  const [isOpen, setOpen] = useState(() => place !== null && opened.has(place));
  const toggle = () => {
    if (place !== null && !isOpen) opened.add(place);
    else if (place !== null) opened.delete(place);
    setOpen(!isOpen);
  };
  return (
    <>
      <button
        type="button"
        className={styles.fold}
        aria-expanded={isOpen}
        aria-controls={isOpen ? panel : undefined}
        data-state={state}
        onClick={toggle}
      >
        <span className={styles.station}>{sign}</span>
        {words}
        <ChevronRight size={15} className={styles.turns} aria-hidden />
      </button>
      {beside}
      {isOpen && (
        <div className={className} id={panel}>
          {children}
        </div>
      )}
    </>
  );
}
