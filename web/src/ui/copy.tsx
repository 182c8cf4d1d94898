import { Check, Copy } from "lucide-react";
import { type ComponentProps, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button.tsx";
import { notify } from "./notices.tsx";

const SHOWN_MS = 1_500;

/** Copies a text, and shows for a moment that it did. */
export function CopyButton({
  text,
  label,
  ...rest
}: {
  readonly text: () => string;
  readonly label: string;
} & Omit<ComponentProps<"button">, "onClick">) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <IconButton
      {...rest}
      label={isCopied ? t("ui.copied") : label}
      onClick={() =>
        void copyText(text()).then(
          () => setCopied(true),
          () => notify({ text: t("ui.notCopied"), isProblem: true }),
        )
      }
    >
      {isCopied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
    </IconButton>
  );
}

/** Also on pages that came over plain http, which have no clipboard API. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (!isDone) throw new Error("The browser does not copy");
}
