import { useEffect, useRef } from "react";

const hasFiles = (data: DataTransfer | null): data is DataTransfer =>
  data?.types.includes("Files") ?? false;

/** Windows take what is dropped on them, or nothing. */
const isElsewhere = ({ target }: Event): boolean =>
  target instanceof Element && target.closest("dialog, [role=dialog]") !== null;

/** Files that are dropped anywhere on the page, or pasted, while a conversation is shown. */
export function useDroppedFiles(onFiles: (files: readonly File[]) => void): void {
  const take = useRef(onFiles);
  take.current = onFiles;
  useEffect(() => {
    const onDragOver = (event: DragEvent) => {
      if (hasFiles(event.dataTransfer) && !isElsewhere(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      if (isElsewhere(event) || !hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      take.current([...event.dataTransfer.files]);
    };
    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event;
      if (isElsewhere(event) || !hasFiles(clipboardData)) return;
      // A copied table or paragraph often comes with its picture: then the text is what is meant.
      if (clipboardData.getData("text/plain")) return;
      event.preventDefault();
      take.current([...clipboardData.files]);
    };
    // Before what the frame around every page does with files that no page takes.
    addEventListener("dragover", onDragOver, true);
    addEventListener("drop", onDrop, true);
    addEventListener("paste", onPaste, true);
    return () => {
      removeEventListener("dragover", onDragOver, true);
      removeEventListener("drop", onDrop, true);
      removeEventListener("paste", onPaste, true);
    };
  }, []);
}
