/** A line of one text, of the other, or of both. */
export type ChangedLine = {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
};

/** More pairs of lines are not compared: what differs is then shown as all gone and all new. */
const MAX_PAIRS = 4_000_000;

/** What has become of a text, line by line: the longest sequence of lines that both have is the same. */
export function changesBetween(before: string, after: string): readonly ChangedLine[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  )
    end += 1;
  return [
    ...marked("same", old.slice(0, start)),
    ...changesIn(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...marked("same", old.slice(old.length - end)),
  ];
}

const marked = (kind: ChangedLine["kind"], lines: readonly string[]): ChangedLine[] =>
  lines.map((text) => ({ kind, text }));

function changesIn(old: readonly string[], now: readonly string[]): ChangedLine[] {
  if (old.length * now.length > MAX_PAIRS) return [...marked("gone", old), ...marked("new", now)];
  const width = now.length + 1;
  /** At [i, j]: how many lines the ends from old line i and new line j on have in common. */
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      common[i * width + j] =
        old[i] === now[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  const changes: ChangedLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      changes.push({ kind: "same", text: old[i] ?? "" });
      i += 1;
      j += 1;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      changes.push({ kind: "gone", text: old[i] ?? "" });
      i += 1;
    } else {
      changes.push({ kind: "new", text: now[j] ?? "" });
      j += 1;
    }
  }
  return [...changes, ...marked("gone", old.slice(i)), ...marked("new", now.slice(j))];
}
