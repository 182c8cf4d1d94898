import { type ComponentProps, useCallback, useLayoutEffect, useRef } from "react";
import styles from "./growing-text-area.module.css";

const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");

/** A text field as high as its text, up to what its style allows. */
export function GrowingTextArea({ className, ref, ...rest }: ComponentProps<"textarea">) {
  const field = useRef<HTMLTextAreaElement | null>(null);
  const setField = useCallback(
    (element: HTMLTextAreaElement | null) => {
      field.current = element;
      if (typeof ref === "function") ref(element);
      else if (ref) ref.current = element;
    },
    [ref],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed text is what changes the height
  useLayoutEffect(() => {
    if (GROWS_BY_ITSELF || !field.current) return;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [rest.value]);
  return (
    <textarea
      rows={1}
      dir="auto"
      {...rest}
      ref={setField}
      className={[styles.field, className].filter(Boolean).join(" ")}
    />
  );
}
