import type { MessageDraft } from "../../core/conversations.ts";
import { AppError } from "../../domain/errors.ts";
import type { Message, Role } from "../../domain/message.ts";
import { checkMessageText, MAX_REPLY_CHARACTERS } from "../../domain/text.ts";
import { isMoment } from "../../domain/time.ts";
import { createPace, mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { isUuid } from "../../http/uuid.ts";

/** A message as this wire's clients send it. */
export type SentMessage = {
  readonly id?: unknown;
  readonly role: Role;
  readonly content: string;
  /** Its place in the list that was sent. */
  readonly index: number;
  readonly timestamp?: unknown;
};

/** The messages that can be taken, in order, and how many cannot. */
export type Sorted = { readonly messages: readonly SentMessage[]; readonly skipped: number };

const ROLES: readonly unknown[] = ["user", "assistant", "system"] satisfies Role[];

/** One message that cannot be taken is no reason to lose the others. */
export async function sortMessages(sent: readonly unknown[]): Promise<Sorted> {
  const sorted = await mapInPieces(sent, (message, index) =>
    isTakeable(message) ? { ...message, index } : null,
  );
  const messages = sorted.filter((message) => message !== null);
  return { messages, skipped: sent.length - messages.length };
}

type Takeable = Omit<SentMessage, "index">;

function isTakeable(message: unknown): message is Takeable {
  if (typeof message !== "object" || message === null) return false;
  const { role, content } = message as Partial<Record<string, unknown>>;
  if (!ROLES.includes(role) || typeof content !== "string") return false;
  try {
    checkMessageText(content, "content", role === "assistant" ? MAX_REPLY_CHARACTERS : undefined);
    return true;
  } catch {
    return false;
  }
}

/** The messages in the core's words. @throws AppError invalid_request */
export async function draftsOf(messages: readonly SentMessage[]): Promise<MessageDraft[]> {
  const ids = new Set<string>();
  return mapInPieces(messages, ({ id: sentId, role, content, timestamp, index }) => {
    const id = typeof sentId === "string" && isUuid(sentId) ? sentId.toLowerCase() : undefined;
    const isNew = id !== undefined && !ids.has(id);
    if (isNew) ids.add(id);
    return {
      id: isNew ? id : undefined,
      role,
      content,
      createdAt: momentOf(timestamp ?? null, `messages[${index}].timestamp`),
    };
  });
}

/** The same, with the ids of `own` alone: the others may be those of messages in the user's other conversations. */
export const withoutOtherIds = (
  drafts: readonly MessageDraft[],
  own: readonly Message[],
): MessageDraft[] => {
  const ids = new Set(own.map((message) => message.id));
  return drafts.map((draft) => ({
    ...draft,
    id: draft.id !== undefined && ids.has(draft.id) ? draft.id : undefined,
  }));
};

/**
 * A message that was sent without a time is the stored one of its id, or else the next stored one
 * of the same words that no other message names, and has that one's time. Otherwise it is new.
 */
export async function withStoredTimes(
  drafts: readonly MessageDraft[],
  stored: readonly Message[],
): Promise<MessageDraft[]> {
  const pace = createPace();
  const named = new Set(drafts.map((draft) => draft.id));
  const timed = drafts.filter((draft) => draft.createdAt);
  const told = new Set(await mapInPieces(timed, exactly, pace));
  const byId = new Map(stored.map((message) => [message.id, message]));
  const others = new Map<string, Message[]>();
  for (const message of stored.toReversed()) {
    if (pace.isDue()) await pace.pause();
    if (named.has(message.id) || told.has(exactly(message))) continue;
    const same = others.get(sayingOf(message));
    if (same) same.push(message);
    else others.set(sayingOf(message), [message]);
  }
  const withTime = (draft: MessageDraft): MessageDraft => {
    if (draft.createdAt) return draft;
    const known = byId.get(draft.id ?? "") ?? others.get(sayingOf(draft))?.pop();
    return known ? { ...draft, createdAt: known.createdAt } : draft;
  };
  return mapInPieces(drafts, withTime, pace);
}

const sayingOf = ({ role, content }: Message | MessageDraft): string => `${role} ${content}`;

const exactly = (message: Message | MessageDraft): string =>
  `${message.createdAt?.getTime()} ${sayingOf(message)}`;

function momentOf(timestamp: unknown, field: string): Date | undefined {
  if (timestamp === null) return undefined;
  const milliseconds =
    typeof timestamp === "number"
      ? Math.round(timestamp)
      : typeof timestamp === "string" && /^\d{4}-\d\d-\d\d/.test(timestamp)
        ? Date.parse(timestamp)
        : Number.NaN;
  if (isMoment(milliseconds)) return new Date(milliseconds);
  throw new AppError(
    "invalid_request",
    `${field} must be a number of milliseconds since 1970, or an ISO 8601 time, in the years 1970 to 9999`,
    { field },
  );
}
