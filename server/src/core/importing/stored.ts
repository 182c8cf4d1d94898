import { titleFrom } from "../../domain/conversation.ts";
import type { MessageStatus, Role } from "../../domain/message.ts";
import { isMoment } from "../../domain/time.ts";
import type { Pace } from "../../domain/turns-of-the-loop.ts";
import type { Chat, ChatMessage, LeaveOut } from "./chat.ts";
import { idOrNull, isObject, type Loose, listOrEmpty, textOrNull } from "./loose.ts";

/** The wire of such conversations, as they say where they began. */
const ORIGIN = "import";

/**
 * A conversation as wires 002 and 004 give it, and as browsers keep it in localStorage: a list of
 * messages, in camelCase or snake_case, times in milliseconds or ISO 8601. Null when nothing of it can be
 * taken, which was told to `leaveOut`. @returns a text: why it is no conversation
 */
export async function decodeStored(
  value: unknown,
  leaveOut: LeaveOut,
  pace: Pace,
): Promise<Chat | string | null> {
  if (!isObject(value)) return "it is no object";
  const fields: Loose = isObject(value.conversation)
    ? { ...value.conversation, messages: value.messages }
    : value;
  if (!Array.isArray(fields.messages)) return "it has no list of 'messages'";
  const given = (...names: readonly string[]): unknown =>
    names.map((name) => fields[name]).find((field) => field !== undefined && field !== null);
  const began = timeOrNull(given("createdAt", "created_at", "timestamp"));

  const messages: ChatMessage[] = [];
  for (const [index, message] of listOrEmpty(fields.messages).entries()) {
    const before = messages.at(-1)?.createdAt ?? began ?? new Date(0);
    const decoded = isObject(message) ? decodeMessage(message, index, before) : null;
    if (decoded) messages.push({ ...decoded, parent: messages.length - 1 });
    else leaveOut("message without text or of an unknown role");
    if (pace.isDue()) await pace.pause();
  }
  const [first, ...others] = messages;
  if (!first) {
    leaveOut("conversation without a message to take");
    return null;
  }
  const opening = messages.find(({ role }) => role === "user") ?? first;
  const createdAt = began ?? first.createdAt;
  return {
    origin: ORIGIN,
    sourceId:
      idOrNull(given("id")) ?? JSON.stringify([createdAt.getTime(), opening.content.slice(0, 200)]),
    title: textOrNull(given("title"))?.trim() || titleFrom(opening.content),
    isPinned: given("isPinned", "is_pinned", "pinned") === true,
    agentId: nameOrNull(given("agentId", "agent_id")),
    mode: nameOrNull(given("mode")),
    createdAt,
    updatedAt:
      timeOrNull(given("updatedAt", "updated_at")) ?? messages.at(-1)?.createdAt ?? createdAt,
    messages: [{ ...first, parent: null }, ...others],
    shown: messages.length - 1,
  };
}

const ROLES: ReadonlyMap<string, Role> = new Map(
  Object.entries({
    user: "user",
    human: "user",
    assistant: "assistant",
    ai: "assistant",
    bot: "assistant",
    system: "system",
  } as const),
);

/** @param before when the message before it was written */
function decodeMessage(
  message: Loose,
  index: number,
  before: Date,
): Omit<ChatMessage, "parent"> | null {
  const role = ROLES.get((textOrNull(message.role) ?? "").toLowerCase());
  const content = textOrNull(message.content) ?? textOrNull(message.text) ?? "";
  if (!role || !/\S/u.test(content)) return null;
  const time = message.timestamp ?? message.created_at ?? message.createdAt;
  return {
    sourceId: idOrNull(message.id) ?? String(index),
    role,
    content,
    model: role === "assistant" ? textOrNull(message.model) : null,
    status: statusOf(role, message.status),
    createdAt: timeOrNull(time) ?? before,
  };
}

const statusOf = (role: Role, status: unknown): MessageStatus =>
  role === "assistant" && (status === "interrupted" || status === "failed") ? status : "complete";

const nameOrNull = (value: unknown): string | null =>
  typeof value === "string" && /^[^\p{Cc}]{1,256}$/u.test(value) && /\S/u.test(value)
    ? value
    : null;

/** From milliseconds since 1970, or ISO 8601; null for anything else, and outside the years 1970 to 9999. */
function timeOrNull(value: unknown): Date | null {
  const milliseconds =
    typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return isMoment(milliseconds) ? new Date(Math.round(milliseconds)) : null;
}
