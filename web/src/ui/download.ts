/** The browser reads a file after the click that asks for it has been handled. */
const KEPT_MS = 10_000;

/** Saves a text as a file on the reader's machine. */
export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
