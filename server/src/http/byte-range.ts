/** Bytes of a whole, both included. */
export type ByteRange = { readonly first: number; readonly last: number };

/**
 * The one range that a Range header asks for (RFC 9110, section 14); null: the whole, which also answers
 * several ranges and a header that cannot be read. `unsatisfiable`:
 * the range begins behind the end.
 */
export function rangeOf(
  header: string | undefined,
  totalBytes: number,
): ByteRange | "unsatisfiable" | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replace(/\s+/g, "") ?? "");
  if (!match) return null;
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return null;
  if (from === "") {
    const count = Math.min(Number(to), totalBytes);
    return count === 0 ? "unsatisfiable" : { first: totalBytes - count, last: totalBytes - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return null;
  if (first >= totalBytes) return "unsatisfiable";
  return { first, last: to === "" ? totalBytes - 1 : Math.min(Number(to), totalBytes - 1) };
}

/** Whether a list of entity tags has that one (section 13.1.2). */
export const hasTag = (header: string | undefined, tag: string): boolean =>
  header?.split(",").some((one) => ["*", tag, `W/${tag}`].includes(one.trim())) ?? false;
