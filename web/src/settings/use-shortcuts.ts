import { useEffect } from "react";
import { flushSync } from "react-dom";
import { useLocation } from "wouter";
import { typeAhead } from "../palette/typed-ahead.ts";
import { wasCovered } from "../ui/covered.ts";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useWindows } from "../ui/windows.tsx";
import { replyShortcuts } from "./reply-shortcuts.ts";
import { areSingleKeysOn } from "./single-keys.ts";

/** What takes letters for itself (fields, and lists in which they lead to an item), or is about to be pressed. */
const TAKES_LETTERS =
  "a, button, summary, input, textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=menu], [role=dialog]";

const FIELDS =
  "input, textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=menu], [role=dialog]";

const isIn = (target: EventTarget | null, place: string): boolean =>
  target instanceof Element && target.closest(place) !== null;

/** Presses the one button of the page with that mark, if it is there. */
const press = (mark: string): void =>
  document.querySelector<HTMLElement>(`[data-${mark}]`)?.click();

/** The shortcuts that hold in the whole page; see `SHORTCUTS`. */
export function useShortcuts(): void {
  const [, navigate] = useLocation();
  const sidebar = useSidebar();
  const windows = useWindows();

  useEffect(() => {
    const toSearch = () => {
      // At once, so that no letter typed after it is lost.
      flushSync(sidebar.open);
      document.querySelector<HTMLElement>("[data-search]")?.focus();
    };
    const begin = () => navigate("/");
    const withControl: Readonly<Record<string, () => void>> = {
      k: () => {
        // At once, so that no letter typed after it is lost.
        typeAhead();
        windows.open("palette");
      },
      "shift+o": begin,
      "shift+s": () => (sidebar.isOpen ? sidebar.close() : sidebar.open()),
    };
    const single: Readonly<Record<string, () => void>> = {
      "/": toSearch,
      "?": () => windows.open("shortcuts"),
      n: begin,
      c: () => replyShortcuts()?.copy(),
      r: () => replyShortcuts()?.answerAgain(),
      v: () => press("voice"),
      m: () => press("mute"),
      w: () => document.querySelector<HTMLElement>("[data-composer]")?.focus(),
    };
    const onKey = (event: KeyboardEvent) => {
      // A key that is held down was meant for what it did first.
      if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return;
      if (wasCovered() || windows.shown !== null) return;
      const key = event.key.toLowerCase();
      const isControl = event.ctrlKey || event.metaKey;
      const isWriting = isIn(event.target, TAKES_LETTERS);
      // In any other field Escape is about that field.
      const isAboutReply = !isIn(event.target, FIELDS) || isIn(event.target, "[data-composer]");
      if (key === "escape" && !sidebar.isOver && isAboutReply) return press("stop");
      const action = isControl
        ? withControl[event.shiftKey ? `shift+${key}` : key]
        : areSingleKeysOn() && !isWriting
          ? single[key]
          : undefined;
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [navigate, sidebar, windows]);
}
