/** The browser reads a file after the click that asks for it has been handled. */
const KEPT_MS = 10_000;

/** Saves a text as a file on the reader's machine. */
export const download = (name: string, type: string, content: string): void =>
  saveAs(name, new Blob([content], { type }));

/** Saves a file on the reader's machine. */
export function saveAs(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
