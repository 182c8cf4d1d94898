import styles from "./switch.module.css";

/** Something that is on or off. @param labelledBy the id of what says what it is */
export function Switch({
  isOn,
  onChange,
  labelledBy,
  describedBy,
}: {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly labelledBy: string;
  readonly describedBy?: string | undefined;
}) {
  return (
    <button
      type="button"
      role="switch"
      className={styles.switch}
      aria-checked={isOn}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      onClick={() => onChange(!isOn)}
    />
  );
}
