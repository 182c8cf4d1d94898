import { TextQuote } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import styles from "./quote-selection.module.css";

type Selected = { readonly text: string; readonly top: number; readonly left: number };

const HEIGHT_PIXELS = 44;
const EDGE_PIXELS = 8;
const MAX_CHARACTERS = 10_000;

/** A button at what is selected in one reply, which quotes it in the message that is being written. */
export function QuoteSelection({ onQuote }: { readonly onQuote: (text: string) => void }) {
  const { t } = useTranslation();
  const [selected, setSelected] = useState<Selected | null>(null);
  useEffect(() => {
    let frame = 0;
    const look = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setSelected(selectedNow()));
    };
    document.addEventListener("selectionchange", look);
    addEventListener("scroll", look, { capture: true, passive: true });
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("selectionchange", look);
      removeEventListener("scroll", look, { capture: true });
    };
  }, []);
  if (!selected) return null;
  return (
    <Button
      look="outlined"
      className={styles.quote}
      style={{ top: selected.top, left: selected.left }}
      // A press would take the selection away before the click.
      onPointerDown={(event) => event.preventDefault()}
      onClick={() => {
        getSelection()?.removeAllRanges();
        setSelected(null);
        onQuote(selected.text);
      }}
    >
      <TextQuote size={16} aria-hidden /> {t("reply.quote")}
    </Button>
  );
}

/** What is selected, if all of it is in one reply. */
function selectedNow(): Selected | null {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const { commonAncestorContainer: node } = range;
  const element = node instanceof Element ? node : node.parentElement;
  if (!element?.closest("[data-quotable]")) return null;
  const text = selection.toString().slice(0, MAX_CHARACTERS).trim();
  const box = range.getBoundingClientRect();
  if (text === "" || (box.width === 0 && box.height === 0)) return null;
  const above = box.top - HEIGHT_PIXELS;
  const top = above < HEIGHT_PIXELS ? box.bottom + EDGE_PIXELS : above;
  if (top < 0 || top > innerHeight - HEIGHT_PIXELS) return null;
  return { text, top, left: Math.max(EDGE_PIXELS, Math.min(box.left, innerWidth - 120)) };
}
