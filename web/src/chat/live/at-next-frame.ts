const HIDDEN_PAGE_MS = 250;

/** Calls once a frame however often it is asked; where the page is hidden and has no frames, four times a second. */
export function atNextFrame(call: () => void): () => void {
  let isAsked = false;
  const run = () => {
    isAsked = false;
    call();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    if (document.hidden) setTimeout(run, HIDDEN_PAGE_MS);
    else requestAnimationFrame(run);
  };
}
