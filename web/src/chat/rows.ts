import type { Message } from "@colloquy/client";
import type { LiveReply } from "./live/live-reply.ts";
import type { Thread } from "./thread-cache.ts";

/** What stands in a thread, one under the other. */
export type Row =
  | StoredRow
  /** What was said here and is not stored yet. */
  | {
      readonly kind: "sending";
      readonly key: string;
      readonly text: string;
      readonly live: LiveReply;
    }
  | ReplyRow
  /** The reply beside which another one stands. */
  | { readonly kind: "compared"; readonly key: string; readonly first: StoredRow | ReplyRow };

type StoredRow = {
  readonly kind: "message";
  readonly key: string;
  readonly message: Message;
  readonly isLast: boolean;
  /** The id of the user's message before a reply. */
  readonly questionId: string | null;
  /** For the reply that runs. */
  readonly isWaiting: boolean;
};

type ReplyRow = {
  readonly kind: "reply";
  readonly key: string;
  readonly questionId: string | null;
  readonly live: LiveReply;
};

/** @param behind what was said behind the reply that runs and has not reached the server */
export function rowsOf(
  thread: Thread | undefined,
  live: LiveReply | null,
  behind: readonly LiveReply[],
): readonly Row[] {
  const stored = thread?.messages ?? [];
  const cut = live?.replaces ? stored.findIndex(({ id }) => id === live.replaces) : -1;
  const messages = cut < 0 ? stored : stored.slice(0, cut);
  const lastIndex = live ? -1 : messages.length - 1;
  const answered = live ? messages.findIndex(({ id }) => id === live.userMessage?.id) : -1;
  let questionId: string | null = null;
  const rows: Row[] = messages.map((message, index) => {
    if (message.role === "user") questionId = message.id;
    return {
      kind: "message",
      key: message.id,
      message,
      isLast: index === lastIndex,
      questionId,
      isWaiting: answered >= 0 && index > answered && message.role === "user",
    };
  });
  if (!live) return rows;
  if (isUnsent(live)) rows.push(sendingRow(live));
  const isFollowed = answered >= 0 && messages[answered + 1]?.role === "user";
  const asked = live.userMessage?.id ?? questionId;
  const reply: Row = { kind: "reply", key: "reply", questionId: asked, live };
  if (live.phase !== "not_sent") rows.splice(isFollowed ? answered + 1 : rows.length, 0, reply);
  return [...rows, ...behind.map(sendingRow)];
}

/** The same rows, with the last one as one of two replies if it answers that question. */
export function withCompared(rows: readonly Row[], questionId: string | null): readonly Row[] {
  const last = rows.at(-1);
  if (questionId === null || !last || (last.kind !== "message" && last.kind !== "reply"))
    return rows;
  const isReply = last.kind === "reply" || last.message.role === "assistant";
  if (!isReply || last.questionId !== questionId) return rows;
  return rows.with(-1, { kind: "compared", key: "compared", first: last });
}

/** What the reply that runs answers, and where it stands; null where none runs, or two do. */
export function questionOf(
  rows: readonly Row[],
): { readonly index: number; readonly text: string } | null {
  const reply = rows.findIndex(({ kind }) => kind === "reply");
  const before = rows[reply - 1];
  if (!before || before.kind === "reply" || before.kind === "compared") return null;
  const text = before.kind === "message" ? before.message.content : before.text;
  return { index: reply - 1, text };
}

const isUnsent = ({ phase }: LiveReply) => phase === "sending" || phase === "not_sent";

const sendingRow = (live: LiveReply): Row => ({
  kind: "sending",
  key: live.id,
  text: live.asked ?? "",
  live,
});
