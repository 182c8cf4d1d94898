import { memo, useEffect, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { isDocument, kindOf } from "../../artifacts/artifact.ts";
import { ArtifactLink } from "../../artifacts/artifact-link.tsx";
import { useOpened, useSource } from "../../artifacts/opened.tsx";
import { Button } from "../../ui/button.tsx";
import { CodeBlock } from "./code-block.tsx";
import { elementsOf } from "./elements.tsx";
import { textFormatter } from "./formatter.ts";
import styles from "./markdown.module.css";
import {
  type BlockView,
  type CodeView,
  createMessageFormatting,
  PIECE_NODES,
} from "./message-formatting.ts";
import { PlainText } from "./plain-text.tsx";
import { createBlockSplitter } from "./split-blocks.ts";

const PIECE_MS = 30;
/** What is longer is shown as far as this, until somebody asks for more. */
const MAX_NODES = 10_000;

/** Loads what Markdown needs before the first message asks for it. */
export const preloadMarkdown = (): void => textFormatter.start();

/** A message's text, formatted. It may grow; only the block that grows is drawn again. */
export function Markdown({
  text,
  isWhole = false,
}: {
  readonly text: string;
  /** Whether it is shown to its end without being asked for it. */
  readonly isWhole?: boolean;
}) {
  const { t } = useTranslation();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [split] = useState(createBlockSplitter);
  const [formatting] = useState(() => createMessageFormatting(textFormatter, redraw));
  const [shownNodes, setShownNodes] = useState(PIECE_NODES);
  const [maxNodes, setMaxNodes] = useState(isWhole ? Number.POSITIVE_INFINITY : MAX_NODES);

  // Each is a node at least, so that there is one more than is shown where not all are.
  const blocks = split(text, shownNodes);
  const { views, isBehind } = formatting.views(blocks, shownNodes);
  const isCut = views.length < blocks.length && !isBehind;
  const isGoingOn = isCut && shownNodes < maxNodes;
  useEffect(() => formatting.ask());
  useEffect(() => formatting.close, [formatting]);
  useEffect(() => {
    if (!isGoingOn) return;
    const timer = setTimeout(() => setShownNodes(shownNodes + PIECE_NODES), PIECE_MS);
    return () => clearTimeout(timer);
  }, [isGoingOn, shownNodes]);

  const asWritten = views.find(isAsWritten);
  let programTexts = 0;
  return (
    <div
      className={styles.markdown}
      dir="auto"
      aria-busy={isGoingOn || isBehind || views.some(isUnfinished)}
    >
      {views.map((view, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a block is its place in the text
        <MarkdownBlock key={index} view={view} place={view.kind === "code" ? programTexts++ : 0} />
      ))}
      {isCut && !isGoingOn && (
        <Button
          look="outlined"
          className={styles.more}
          onClick={() => setMaxNodes(maxNodes + MAX_NODES)}
        >
          {t("markdown.showMore")}
        </Button>
      )}
      {asWritten && (
        <p className={styles.note}>
          {t(isNotLoaded(asWritten) ? "markdown.notLoaded" : "markdown.asWritten")}
        </p>
      )}
    </div>
  );
}

const MarkdownBlock = memo(function MarkdownBlock({
  view,
  place,
}: {
  readonly view: BlockView;
  /** Of a program text, its place among those of the text. */
  readonly place: number;
}) {
  switch (view.kind) {
    case "code":
      return <ProgramText view={view} place={place} />;
    case "formatted":
      return (
        <>
          {elementsOf(view.nodes)}
          {view.rest && <PlainText text={view.rest} />}
        </>
      );
    case "plain":
      return <PlainText text={view.text} />;
    case "waiting":
      return <div data-waiting style={{ minHeight: `${linesOf(view.text) * 1.6}em` }} />;
  }
});

/** A document is a link to where it can be looked at; other program text stands here, and may be opened there. */
function ProgramText({ view, place }: { readonly view: CodeView; readonly place: number }) {
  const opened = useOpened();
  const source = useSource();
  const { language, code, isOpen } = view;
  const kind = opened && source !== null ? kindOf(language, code) : null;
  if (!kind || !opened || source === null)
    return <CodeBlock language={language} code={code} isOpen={isOpen} />;
  if (isDocument(kind)) return <ArtifactLink {...{ source, place, kind, code, isOpen, opened }} />;
  return (
    <CodeBlock
      language={language}
      code={code}
      isOpen={isOpen}
      beside={{ source, place, open: opened.open }}
    />
  );
}

const isAsWritten = (view: BlockView): boolean =>
  view.kind === "plain" || (view.kind === "formatted" && view.rest !== "");

const isNotLoaded = (view: BlockView): boolean =>
  view.kind === "plain" && view.problem === "unavailable";

const isUnfinished = (view: BlockView): boolean =>
  view.kind === "waiting" ||
  (view.kind === "plain" && view.problem === null) ||
  (view.kind === "formatted" && view.rest !== "");

const LINE_CHARACTERS = 90;
const MAX_LINES = 1_000;

/** About how many lines a text takes, so that what follows it hardly moves when it comes. */
const linesOf = (text: string): number =>
  Math.min(MAX_LINES, Math.ceil(text.length / LINE_CHARACTERS) + (text.match(/\n/g)?.length ?? 0));
