import styles from "./long-text.module.css";

const MAX_WHOLE_LINES = 400;
const PIECE_LINES = 200;

/** Text as it was written. A browser lays out lines by the ten thousand slowly: of many only those in view are. */
export function LongText({ text }: { readonly text: string }) {
  const pieces = piecesOf(text);
  if (pieces.length === 1) return text;
  return pieces.map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place in the text
    <span key={index} className={styles.piece}>
      {piece}
    </span>
  ));
}

/** Each ends with the end of a line, and all together are the text. */
function piecesOf(text: string): readonly string[] {
  const lines = text.split(/(?<=\n)/);
  if (lines.length <= MAX_WHOLE_LINES) return [text];
  const pieces: string[] = [];
  for (let start = 0; start < lines.length; start += PIECE_LINES)
    pieces.push(lines.slice(start, start + PIECE_LINES).join(""));
  return pieces;
}
