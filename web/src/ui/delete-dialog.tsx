import { useTranslation } from "react-i18next";
import { wordsOf } from "../words-of.ts";
import { FormDialog } from "./form-dialog.tsx";
import { notify } from "./notices.tsx";

/**
 * Asks before something is deleted. It closes at once; what became of it is told below.
 * @param text what deleting it means
 * @param done what is told once it is deleted
 */
export function DeleteDialog({
  title,
  text,
  done,
  onDelete,
  onClose,
}: {
  readonly title: string;
  readonly text: string;
  readonly done: string;
  readonly onDelete: () => Promise<void>;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const carryOut = async () => {
    onClose();
    try {
      await onDelete();
      notify({ text: done });
    } catch (error) {
      notify({ text: wordsOf(error), isProblem: true });
    }
  };
  return (
    <FormDialog
      title={title}
      action={t("list.delete")}
      isDangerous
      onSubmit={carryOut}
      onClose={onClose}
    >
      <p>{text}</p>
    </FormDialog>
  );
}
