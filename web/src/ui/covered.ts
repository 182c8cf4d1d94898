let isCovered = false;

// First of all listeners: a menu or dialog that this very key closes is still there.
addEventListener(
  "keydown",
  () => {
    isCovered = document.querySelector("[role=dialog], [role=menu], [role=listbox]") !== null;
  },
  { capture: true },
);

/** Whether a dialog, menu or list lay over the page when the key went down that is now handled. */
export const wasCovered = (): boolean => isCovered;
