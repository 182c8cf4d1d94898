import type { ComponentProps } from "react";
import styles from "./button.module.css";

type ButtonProps = ComponentProps<"button"> & {
  /** `plain` has no surface of its own; `danger` destroys something. */
  readonly look?: "filled" | "plain" | "outlined" | "danger";
};

export function Button({ look = "filled", className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={[styles.button, styles[look], className].filter(Boolean).join(" ")}
    />
  );
}

/** A button that shows a picture only; `label` is what it is called, and its tooltip. */
export function IconButton({
  label,
  className,
  ...rest
}: Omit<ButtonProps, "look"> & { readonly label: string }) {
  return (
    <Button
      {...rest}
      look="plain"
      aria-label={label}
      title={label}
      className={[styles.icon, className].filter(Boolean).join(" ")}
    />
  );
}
