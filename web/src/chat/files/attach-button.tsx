import { Plus } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../ui/button.tsx";

/** Picks files from this device. */
export function AttachButton({
  className,
  onPick,
}: {
  readonly className?: string | undefined;
  readonly onPick: (files: readonly File[]) => void;
}) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-hidden
        tabIndex={-1}
        data-attach
        onChange={({ target }) => {
          onPick([...(target.files ?? [])]);
          // The same file can be picked once more.
          target.value = "";
        }}
      />
      <IconButton
        className={className}
        label={t("files.attach")}
        onClick={() => input.current?.click()}
      >
        <Plus size={20} aria-hidden />
      </IconButton>
    </>
  );
}
