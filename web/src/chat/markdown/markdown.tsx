import { lazy, memo, Suspense, useState } from "react";
import { Boundary } from "../../ui/boundary.tsx";
import { CodeBlock } from "./code-block.tsx";
import styles from "./markdown.module.css";
import { mayHaveMath } from "./math-delimiters.ts";
import { type Block, createBlockSplitter } from "./split-blocks.ts";

const loadTextBlock = () => import("./text-block.tsx");
const TextBlock = lazy(loadTextBlock);
const MathBlock = lazy(() => import("./math-block.tsx"));

/** Fetches what Markdown needs before the first message asks for it. */
export const preloadMarkdown = (): void => void loadTextBlock().catch(() => {});

/** A message's text, rendered. It may grow; only the block that grows is rendered again. */
export function Markdown({ text }: { readonly text: string }) {
  const [split] = useState(createBlockSplitter);
  return (
    <div className={styles.markdown}>
      {split(text).map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a block is its place in the text
        <MarkdownBlock key={index} block={block} />
      ))}
    </div>
  );
}

const MarkdownBlock = memo(function MarkdownBlock({ block }: { readonly block: Block }) {
  if (block.kind === "code")
    return <CodeBlock language={block.language} code={block.code} isOpen={block.isOpen} />;
  const unrendered = (
    <p className={styles.unrendered} dir="auto">
      {block.text}
    </p>
  );
  const plain = (
    <Boundary fallback={unrendered}>
      <Suspense fallback={unrendered}>
        <TextBlock text={block.text} />
      </Suspense>
    </Boundary>
  );
  if (!mayHaveMath(block.text)) return plain;
  return (
    <Boundary fallback={plain}>
      <Suspense fallback={plain}>
        <MathBlock text={block.text} />
      </Suspense>
    </Boundary>
  );
});
