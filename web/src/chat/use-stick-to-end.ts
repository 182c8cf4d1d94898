import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const AT_END_PIXELS = 32;
/** A scrolling soon after one of these is the reader's own; any other is the page's. */
const INTENTS = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
const INTENT_MS = 800;

/** Keeps the end of what grows in view, until the reader scrolls away from it. */
export function useStickToEnd(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
) {
  const isStuck = useRef(true);
  const [isAway, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, [scroller]);

  const stick = useCallback(() => {
    isStuck.current = true;
    setAway(false);
    toEnd();
  }, [toEnd]);

  const unstick = useCallback(() => {
    isStuck.current = false;
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (!element || !content.current) return;
    let intendedAtMs = 0;
    const onIntent = () => {
      intendedAtMs = performance.now();
    };
    const onScroll = () => {
      const isAtEnd =
        element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PIXELS;
      if (performance.now() - intendedAtMs < INTENT_MS) isStuck.current = isAtEnd;
      setAway(!isAtEnd && !isStuck.current);
    };
    for (const intent of INTENTS) element.addEventListener(intent, onIntent, { passive: true });
    element.addEventListener("scroll", onScroll, { passive: true });
    const observer = new ResizeObserver(() => {
      if (isStuck.current) toEnd();
    });
    observer.observe(element);
    observer.observe(content.current);
    return () => {
      for (const intent of INTENTS) element.removeEventListener(intent, onIntent);
      element.removeEventListener("scroll", onScroll);
      observer.disconnect();
    };
  }, [scroller, content, toEnd]);

  return { isAway, stick, unstick };
}
