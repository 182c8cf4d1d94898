const NAME = "found";

/**
 * Marks the searched words inside an element, without changing it: by the CSS highlight `found`. Where
 * a browser has no such highlights, the message itself is marked all the same.
 * @returns what takes the marks away
 */
export function highlightFound(element: HTMLElement): (() => void) | undefined {
  const words = wordsInAddress();
  if (!words.length || !("highlights" in CSS)) return undefined;
  const ranges: Range[] = [];
  const mark = () => {
    ranges.length = 0;
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      const text = node.textContent?.toLowerCase() ?? "";
      for (const word of words)
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, Math.min(at + word.length, node.textContent?.length ?? 0));
          ranges.push(range);
        }
    }
    CSS.highlights.set(NAME, new Highlight(...ranges));
  };
  mark();
  // Markdown may still be on its way.
  const observer = new MutationObserver(mark);
  observer.observe(element, { childList: true, subtree: true, characterData: true });
  return () => {
    observer.disconnect();
    CSS.highlights.delete(NAME);
  };
}

const wordsInAddress = (): string[] =>
  (new URLSearchParams(location.search).get("q") ?? "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}_]+/u)
    .filter(Boolean);
