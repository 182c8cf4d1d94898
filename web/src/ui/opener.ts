const COVERS = "[role=dialog], [role=menu], [role=listbox]";

let lastFocused: HTMLElement | null = null;

addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLElement && !target.closest(COVERS)) lastFocused = target;
});

/**
 * What a dialog was opened from: the element that has the focus or, where that belongs to a menu
 * that closes, what had it before the menu. Null when nothing has the focus.
 */
export function openerNow(): HTMLElement | null {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || active === document.body) return null;
  return active.closest(COVERS) ? lastFocused : active;
}
