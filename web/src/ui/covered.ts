const COVERS = "[role=dialog], [role=menu], [role=listbox]";

let wasOver = false;
let dialogs = 0;

// First of all listeners: a menu or dialog that this very key closes is still there.
addEventListener(
  "keydown",
  () => {
    wasOver = dialogs > 0 || document.querySelector(COVERS) !== null;
  },
  { capture: true },
);

/** Whether a dialog, menu or list lay over the page when the key went down that is now handled. */
export const wasCovered = (): boolean => wasOver;

/**
 * Counts a dialog from before it is in the page until the focus is back where it came from.
 * @returns ends it
 */
export function coverPage(): () => void {
  dialogs += 1;
  return () => {
    requestAnimationFrame(() => {
      dialogs -= 1;
    });
  };
}
