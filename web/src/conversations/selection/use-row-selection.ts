import { type MouseEvent, type PointerEvent, useRef } from "react";

/** How long a finger rests on a row to select it. */
const HOLD_MS = 500;
const MAX_HELD_PIXELS = 10;

/**
 * What selects a row by its link: Ctrl or Cmd and a click, Shift and a click for a range, a finger that rests on it,
 * and every click while something is selected. Spread on the link.
 */
export function useRowSelection(isSelecting: boolean, select: (isRange: boolean) => void) {
  const held = useRef<{ timer: number; x: number; y: number } | null>(null);
  const wasHeld = useRef(false);
  const letGo = () => {
    if (held.current) clearTimeout(held.current.timer);
    held.current = null;
  };
  return {
    // The link's own handler is not asked where a key is held.
    onClickCapture(event: MouseEvent) {
      const hasKey = event.shiftKey || event.ctrlKey || event.metaKey;
      const isPressedByKeyboard = event.detail === 0;
      const isSelected = wasHeld.current || hasKey || (isSelecting && !isPressedByKeyboard);
      if (!isSelected) return;
      event.preventDefault();
      event.stopPropagation();
      if (!wasHeld.current) select(event.shiftKey);
      wasHeld.current = false;
    },
    onPointerDown(event: PointerEvent) {
      wasHeld.current = false;
      if (event.pointerType !== "touch") return;
      const timer = window.setTimeout(() => {
        wasHeld.current = true;
        select(false);
      }, HOLD_MS);
      held.current = { timer, x: event.clientX, y: event.clientY };
    },
    onPointerMove(event: PointerEvent) {
      const from = held.current;
      if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > MAX_HELD_PIXELS)
        letGo();
    },
    onPointerUp: letGo,
    onPointerCancel: letGo,
    // A browser would show the menu of the link.
    onContextMenu(event: MouseEvent) {
      if (held.current || wasHeld.current) event.preventDefault();
    },
  };
}
