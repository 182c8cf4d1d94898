import { useEffect } from "react";
import { flushSync } from "react-dom";
import { useLocation } from "wouter";
import { wasCovered } from "../ui/covered.ts";
import { useSidebar } from "../ui/sidebar-state.tsx";
import { useWindows } from "../ui/windows.tsx";
import { areSingleKeysOn } from "./single-keys.ts";

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Presses the last of the page's buttons with that mark. */
const press = (mark: string): void => {
  const buttons = document.querySelectorAll<HTMLElement>(`[data-${mark}]`);
  buttons.item(buttons.length - 1)?.click();
};

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
      k: toSearch,
      "shift+o": begin,
      "shift+s": () => (sidebar.isOpen ? sidebar.close() : sidebar.open()),
    };
    const single: Readonly<Record<string, () => void>> = {
      "/": toSearch,
      "?": () => windows.open("shortcuts"),
      n: begin,
      c: () => press("copy-reply"),
      // The last reply that can be asked for anew is not the one that runs.
      r: () => {
        if (!document.querySelector("[data-stop]")) press("retry");
      },
      v: () => press("voice"),
      m: () => press("mute"),
      w: () => document.querySelector<HTMLElement>("[data-composer]")?.focus(),
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey || wasCovered()) return;
      const key = event.key.toLowerCase();
      const isControl = event.ctrlKey || event.metaKey;
      if (key === "escape" && !sidebar.isOver) return press("stop");
      const action = isControl
        ? withControl[event.shiftKey ? `shift+${key}` : key]
        : areSingleKeysOn() && !isWriting(event.target)
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
