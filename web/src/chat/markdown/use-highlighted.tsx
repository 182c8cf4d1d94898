import { type ReactNode, useEffect, useMemo, useState } from "react";
import type { Highlight, Highlighted } from "./highlight.ts";

const MOST_CHARACTERS = 60_000;
/** While it grows, it is coloured anew with each line. */
const MOST_OPEN_CHARACTERS = 10_000;

let loading: Promise<Highlight> | null = null;
let loaded: Highlight | null = null;

async function load(): Promise<Highlight> {
  loading ??= import("./highlight.ts").then(({ highlight }) => highlight);
  loaded = await loading;
  return loaded;
}

/** The code, coloured where its language is known; the line that is still growing is not. */
export function useHighlighted(code: string, language: string, isOpen: boolean): ReactNode {
  const [highlight, setHighlight] = useState<Highlight | null>(() => loaded);
  const isWanted =
    language !== "" && code.length <= (isOpen ? MOST_OPEN_CHARACTERS : MOST_CHARACTERS);

  useEffect(() => {
    if (isWanted && !highlight)
      void load().then(
        (ready) => setHighlight(() => ready),
        () => {},
      );
  }, [isWanted, highlight]);

  const whole = isOpen ? code.lastIndexOf("\n") + 1 : code.length;
  const done = code.slice(0, whole);
  const coloured = useMemo(
    () => (isWanted && highlight ? highlight(done, language) : null),
    [done, language, isWanted, highlight],
  );
  if (!coloured) return code;
  return (
    <>
      {coloured.map(toElement)}
      {code.slice(whole)}
    </>
  );
}

const toElement = (part: Highlighted, index: number): ReactNode =>
  typeof part === "string" ? (
    part
  ) : (
    <span key={index} className={part.className}>
      {part.parts.map(toElement)}
    </span>
  );
