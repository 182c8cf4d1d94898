import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { ELEMENTS, safeUrl } from "./elements.tsx";

/** Markdown with GitHub's extensions. HTML in it is text. */
export default function TextBlock({ text }: { readonly text: string }) {
  return (
    <ReactMarkdown remarkPlugins={[remarkGfm]} components={ELEMENTS} urlTransform={safeUrl}>
      {text}
    </ReactMarkdown>
  );
}
