import { type ReactNode, useId } from "react";
import { Switch } from "../ui/switch.tsx";
import styles from "./settings.module.css";

/** What something is called and what it does, with its control at the end of the line. */
export function Setting({
  id,
  name,
  hint,
  children,
}: {
  /** Of the name; the hint's is the same with `-hint`. */
  readonly id?: string;
  readonly name: ReactNode;
  readonly hint?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.setting}>
      <div>
        <b id={id}>{name}</b>
        {hint && <p id={id && `${id}-hint`}>{hint}</p>}
      </div>
      {children}
    </div>
  );
}

export function SwitchSetting({
  name,
  hint,
  isOn,
  onChange,
}: {
  readonly name: string;
  readonly hint: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  const id = useId();
  return (
    <Setting id={id} name={name} hint={hint}>
      <Switch isOn={isOn} onChange={onChange} labelledBy={id} describedBy={`${id}-hint`} />
    </Setting>
  );
}
