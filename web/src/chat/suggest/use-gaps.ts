import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { gapAfter, gapBefore, type Place } from "./gaps.ts";

/**
 * Leads through what a prompt leaves to be filled in: Tab and Enter to the next gap, Shift and Tab to the one before,
 * Escape out of it. Where there is none in that direction, Tab leaves the field as it always does.
 */
export function useGaps({
  field,
  place,
  text,
}: {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  /** The conversation that the text belongs to. */
  readonly place: string;
  readonly text: string;
}) {
  const [begunAt, setBegunAt] = useState<string | null>(null);
  const isFilling = begunAt === place && gapAfter(text, 0) !== null;
  if (begunAt === place && text === "") setBegunAt(null);
  /** What is to be selected once the text that it belongs to is in the field. */
  const next = useRef<Place | null>(null);
  useLayoutEffect(() => {
    const wanted = next.current;
    next.current = null;
    if (wanted) field.current?.setSelectionRange(wanted.from, wanted.to);
  });
  const select = (gap: Place | null): boolean => {
    if (gap) field.current?.setSelectionRange(gap.from, gap.to);
    return gap !== null;
  };
  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    if (!isFilling || event.ctrlKey || event.metaKey || event.altKey) return false;
    const { selectionStart, selectionEnd } = event.currentTarget;
    switch (event.key) {
      case "Tab":
        return select(
          event.shiftKey ? gapBefore(text, selectionStart) : gapAfter(text, selectionEnd),
        );
      case "Enter":
        return !event.shiftKey && select(gapAfter(text, selectionEnd) ?? gapAfter(text, 0));
      case "Escape":
        setBegunAt(null);
        return true;
      default:
        return false;
    }
  };
  return {
    isFilling,
    /** After that prompt has come into the field. */
    begin(prompt: string): void {
      const first = gapAfter(prompt, 0);
      setBegunAt(first && place);
      if (first) next.current = first;
    },
    /** Selects that place as soon as the text is there. */
    select(selected: Place): void {
      next.current = selected;
    },
    /** Whether the key was for this. */
    onKey(event: KeyboardEvent<HTMLTextAreaElement>): boolean {
      const isUsed = onKey(event);
      if (isUsed) event.preventDefault();
      if (isUsed) event.stopPropagation();
      return isUsed;
    },
  };
}
