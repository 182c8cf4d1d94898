import { createElement, type ReactNode, useEffect, useRef, useState } from "react";
import { codeFormatter } from "./formatter.ts";
import type { FormatRequest, TreeNode } from "./tree.ts";

const MAX_CHARACTERS = 60_000;
/** While it grows, it is coloured anew with each line. */
const MAX_OPEN_CHARACTERS = 10_000;

type Coloured = { readonly code: string; readonly nodes: readonly TreeNode[] };

/** The code, coloured where its language is known and it is not too much; the line that is still growing is not. */
export function useHighlighted(code: string, language: string, isOpen: boolean): ReactNode {
  const isWanted =
    language !== "" && code.length <= (isOpen ? MAX_OPEN_CHARACTERS : MAX_CHARACTERS);
  const whole = code.slice(0, isOpen ? code.lastIndexOf("\n") + 1 : code.length);
  const [coloured, setColoured] = useState(() => (isWanted ? known(whole, language) : null));
  const isAsking = useRef(false);
  const isShown = useRef(true);
  const isDone = coloured?.code === whole;

  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  useEffect(() => {
    if (!isWanted || isDone || isAsking.current) return;
    isAsking.current = true;
    const request = requestOf(whole, language);
    void codeFormatter
      .format(request, () => isShown.current)
      .then((formatted) => {
        isAsking.current = false;
        if (!formatted) return;
        setColoured({ code: whole, nodes: "nodes" in formatted ? formatted.nodes : [whole] });
      });
  });

  if (!isWanted || !coloured || !code.startsWith(coloured.code)) return code;
  return (
    <>
      {coloured.nodes.map(spanOf)}
      {code.slice(coloured.code.length)}
    </>
  );
}

const requestOf = (code: string, language: string): FormatRequest => ({
  kind: "code",
  code,
  language,
});

function known(code: string, language: string): Coloured | null {
  const formatted = codeFormatter.known(requestOf(code, language));
  return formatted && "nodes" in formatted ? { code, nodes: formatted.nodes } : null;
}

const spanOf = (node: TreeNode, key: number): ReactNode =>
  typeof node === "string"
    ? node
    : createElement("span", { ...node.props, key }, node.children.map(spanOf));
