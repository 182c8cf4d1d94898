import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { notify } from "./notices.tsx";

const EDITABLE = "input, textarea, [contenteditable]";

const hasFiles = (data: DataTransfer | null): boolean => data?.types.includes("Files") ?? false;

/**
 * Files cannot be part of a message yet: one that is dropped or pasted is told of in words, and never
 * takes the place of the page, as a browser would have it. What a part of the page takes itself stays its own.
 */
export function useNoAttachments(): void {
  const { t } = useTranslation();
  useEffect(() => {
    const isOurs = (event: DragEvent) =>
      !event.defaultPrevented &&
      (hasFiles(event.dataTransfer) ||
        !(event.target instanceof Element && event.target.closest(EDITABLE)));
    const tell = () => notify({ text: t("chat.noFiles") });
    const onDragOver = (event: DragEvent) => {
      if (isOurs(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      if (hasFiles(event.dataTransfer)) tell();
    };
    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event;
      // A copied table or paragraph often comes with its picture: then the text is what is meant.
      if (event.defaultPrevented || !hasFiles(clipboardData)) return;
      if (clipboardData?.getData("text/plain")) return;
      event.preventDefault();
      tell();
    };
    addEventListener("dragover", onDragOver);
    addEventListener("drop", onDrop);
    addEventListener("paste", onPaste);
    return () => {
      removeEventListener("dragover", onDragOver);
      removeEventListener("drop", onDrop);
      removeEventListener("paste", onPaste);
    };
  }, [t]);
}
