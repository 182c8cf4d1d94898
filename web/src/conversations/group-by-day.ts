import type { Conversation } from "@colloquy/client";

/** What the list shows, one under the other. */
export type ListRow =
  | { readonly kind: "heading"; readonly key: string; readonly text: string }
  | { readonly kind: "conversation"; readonly key: string; readonly conversation: Conversation };

export type DayWords = {
  readonly pinned: string;
  readonly today: string;
  readonly yesterday: string;
  readonly language: string;
};

const dayOf = (time: Date): string =>
  `${time.getFullYear()}-${time.getMonth() + 1}-${time.getDate()}`;

/** The pinned ones, then those of each day in the reader's own time zone. */
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

  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const names = new Map([
    [dayOf(now), words.today],
    [dayOf(yesterday), words.yesterday],
  ]);
  const thisYear = new Intl.DateTimeFormat(words.language, {
    weekday: "long",
    day: "numeric",
    month: "long",
  });
  const otherYear = new Intl.DateTimeFormat(words.language, { dateStyle: "long" });
  let current = "";
  for (const conversation of items) {
    const time = new Date(conversation.updated_at);
    const day = dayOf(time);
    if (day !== current) {
      const format = time.getFullYear() === now.getFullYear() ? thisYear : otherYear;
      rows.push({ kind: "heading", key: day, text: names.get(day) ?? format.format(time) });
      current = day;
    }
    add(conversation);
  }
  return rows;
}
