import type { Conversation } from "@colloquy/client";

/** What the list shows, one under the other. */
export type ListRow =
  | { readonly kind: "heading"; readonly key: string; readonly text: string }
  | { readonly kind: "conversation"; readonly key: string; readonly conversation: Conversation };

export type DayWords = {
  readonly pinned: string;
  readonly today: string;
  readonly yesterday: string;
  readonly lastDays: (count: 7 | 30) => string;
  readonly language: string;
};

const FEW_DAYS = 7;
const MANY_DAYS = 30;

/** The pinned ones, then those of today, of yesterday, of the last days and of each month in the reader's time zone. */
export function groupByDay(
  items: readonly Conversation[],
  pinned: readonly Conversation[],
  words: DayWords,
  now = new Date(),
): ListRow[] {
  const rows: ListRow[] = [];
  const add = (conversation: Conversation) =>
    rows.push({ kind: "conversation", key: conversation.id, conversation });
  if (pinned.length) rows.push({ kind: "heading", key: "pinned", text: words.pinned });
  pinned.forEach(add);

  const daysAgo = (count: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - count);
  const recent = [
    { since: daysAgo(0), key: "today", text: words.today },
    { since: daysAgo(1), key: "yesterday", text: words.yesterday },
    { since: daysAgo(FEW_DAYS), key: "few-days", text: words.lastDays(FEW_DAYS) },
    { since: daysAgo(MANY_DAYS), key: "many-days", text: words.lastDays(MANY_DAYS) },
  ];
  const month = new Intl.DateTimeFormat(words.language, { month: "long" });
  const monthOfYear = new Intl.DateTimeFormat(words.language, { month: "long", year: "numeric" });
  const groupOf = (time: Date): { readonly key: string; readonly text: string } => {
    const group = recent.find(({ since }) => time >= since);
    if (group) return group;
    const format = time.getFullYear() === now.getFullYear() ? month : monthOfYear;
    return { key: `${time.getFullYear()}-${time.getMonth() + 1}`, text: format.format(time) };
  };
  let current = "";
  for (const conversation of items) {
    const { key, text } = groupOf(new Date(conversation.updated_at));
    if (key !== current) rows.push({ kind: "heading", key, text });
    current = key;
    add(conversation);
  }
  return rows;
}
