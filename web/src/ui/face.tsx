import styles from "./face.module.css";

const HUES = 4;

/** The first letters of the first two words. */
function initialsOf(name: string): string {
  const [first = "", second] = name.split(/[\s._@-]+/).filter(Boolean);
  return [[...first][0], [...(second ?? "")][0]].join("").toLocaleUpperCase();
}

/** Stands for a person or an agent: its initials, always in the same one of a few colours. */
export function Face({
  name,
  isAgent = false,
}: {
  readonly name: string;
  readonly isAgent?: boolean;
}) {
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  const initials = initialsOf(name);
  return (
    <span
      className={styles.face}
      data-agent={isAgent || undefined}
      data-hue={sum % HUES}
      aria-hidden
    >
      {isAgent ? [...initials][0] : initials}
    </span>
  );
}
