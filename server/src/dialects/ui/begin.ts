import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type {
  InputMessage,
  StartTurn,
  Turn,
  TurnPlace,
  WatchedTurn,
} from "../../core/turns/turn.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import { CLIENT_TOOLS, type Part } from "../../domain/parts.ts";
import type { Principal } from "../../domain/principal.ts";
import { idempotencyOf } from "../../http/idempotency.ts";
import { isUuid } from "../../http/uuid.ts";
import { type AskedChat, refused, type SentCall, type SentMessage } from "./body.ts";
import { findChat } from "./chats.ts";
import { type Entry, entriesOf, recordOf } from "./entries.ts";
import { attachmentsOf } from "./file-urls.ts";
import { type Laid, lay, layOne } from "./overlay.ts";
import { ORIGIN, type UiParts } from "./parts.ts";

/** A turn, and the message of the page's that its reply belongs to. */
export type Begun = {
  readonly turn: Turn | WatchedTurn;
  /** What the page has of that message already; null: the reply begins it. */
  readonly goesOnIn: Entry | null;
};

/** Of the messages that come with one request: those that are named later keep their names. */
const MAX_NAMES = 500;

/**
 * Stores what is new of a page's list, and starts the reply.
 * @throws AppError invalid_request, and those of `Turns.start` and of files
 */
export async function begin(
  parts: UiParts,
  request: FastifyRequest,
  asked: AskedChat,
): Promise<Begun> {
  const { principal } = request;
  const chat = await findChat(parts.conversations, principal, asked.id);
  const path = chat ? await pathOf(parts, principal, chat, asked.messages) : [];
  const laid = laidOf(path, asked);
  const running =
    chat && laid.rest.length === 0 ? await joined(parts, principal, chat, laid, asked) : null;
  if (running) return { turn: running, goesOnIn: null };
  const goesOnIn = laid.rest.length === 0 && laid.after?.role === "assistant" ? laid.after : null;
  const uploaded: string[] = [];
  try {
    const turn = await parts.turns.start(principal, {
      ...(await whatOf(parts, principal, path, laid, uploaded)),
      target: targetOf(parts, chat, path, laid, asked.id),
      content: "",
      ...(asked.instructions && { instructions: asked.instructions }),
      model: asked.model,
      temperature: asked.temperature,
      settings: asked.tools.length > 0 ? { tools: asked.tools } : {},
      origin: ORIGIN,
      idempotency: idempotencyOf(request),
    });
    return { turn, goesOnIn };
  } catch (error) {
    for (const fileId of uploaded) await parts.files.delete(principal, fileId).catch(() => {});
    throw error;
  }
}

/** The active path with the replies of it that are still being generated, as far as the page knows them. */
async function pathOf(
  { conversations, turns }: UiParts,
  principal: Principal,
  { id }: Conversation,
  sent: readonly SentMessage[],
): Promise<Entry[]> {
  const entries = entriesOf(await conversations.messages(principal, id, { everyRole: true }));
  const known = new Set(entries.flatMap((entry) => [entry.id, entry.storedId]));
  for (const message of sent) {
    if (message.role !== "assistant" || message.id === null) continue;
    if (known.has(message.id) || !isUuid(message.id)) continue;
    const turn = await turns.watch(principal, id, message.id).catch(nullIfNotFound);
    if (!turn || turn.stored) continue;
    const question = entries.findIndex(({ messages }) =>
      messages.some((it) => it.id === turn.userMessage.id),
    );
    const { replyId } = turn;
    if (question >= 0)
      entries.splice(question + 1, 0, {
        id: replyId,
        storedId: replyId,
        role: "assistant",
        messages: [],
      });
  }
  return entries;
}

function laidOf(path: readonly Entry[], asked: AskedChat): Laid {
  const { messages, isWhole, isRegeneration } = asked;
  const [message] = messages;
  if (isWhole) return lay(path, isRegeneration ? withoutReply(asked) : messages);
  if (message && !(isRegeneration && message.role === "assistant")) return layOne(path, message);
  const named = path.findIndex(({ id, storedId }) =>
    [id, storedId].includes(asked.messageId ?? message?.id ?? ""),
  );
  const upTo = named < 0 ? path.length : named + 1;
  const question = path.slice(0, upTo).findLast(({ role }) => role === "user") ?? null;
  return { after: question, isAtEnd: question === path.at(-1), rest: [], results: [] };
}

/** The list without the reply that is to be given anew. */
function withoutReply({ messages, messageId }: AskedChat): readonly SentMessage[] {
  const named = messages.findIndex(({ id }) => id !== null && id === messageId);
  const upTo = named < 0 ? messages.length : named + (messages[named]?.role === "user" ? 1 : 0);
  const kept = messages.slice(0, upTo);
  return kept.slice(0, kept.findLastIndex(({ role }) => role === "user") + 1);
}

/** The reply that is being generated to what was sent, where it is sent again. */
async function joined(
  { turns }: UiParts,
  principal: Principal,
  { id }: Conversation,
  { after }: Laid,
  { isRegeneration }: AskedChat,
): Promise<WatchedTurn | null> {
  if (isRegeneration || after?.role !== "user") return null;
  const turn = await turns.watch(principal, id, null);
  return turn && !turn.stored && turn.userMessage.id === after.storedId ? turn : null;
}

function targetOf(
  { conversations }: UiParts,
  chat: Conversation | null,
  path: readonly Entry[],
  laid: Laid,
  name: string,
): StartTurn["target"] {
  if (!chat) return { kind: "alias", conversation: conversations.draft(ORIGIN, { alias: name }) };
  const place = placeOf(path, laid);
  return { kind: "existing", conversationId: chat.id, ...(place && { place }) };
}

/** Null: at the end of the active branch. */
function placeOf(
  path: readonly Entry[],
  { after, isAtEnd, rest, results }: Laid,
): TurnPlace | null {
  const messageId = after?.messages.at(-1)?.id;
  if (messageId !== undefined && rest.length === 0) {
    if (after?.role === "user") return { kind: "answer", questionId: messageId };
    if (!isAtEnd || results.length === 0) return { kind: "after", messageId };
  }
  // What follows a reply that is still being generated waits for it.
  if (isAtEnd || (after && messageId === undefined)) return null;
  if (messageId !== undefined) return { kind: "after", messageId };
  return path[0] ? { kind: "version", questionId: path[0].storedId } : null;
}

/** The new messages of a turn, and what is kept of their names. @throws AppError invalid_request */
async function whatOf(
  { files }: UiParts,
  principal: Principal,
  path: readonly Entry[],
  { after, rest, results }: Laid,
  uploaded: string[],
): Promise<Pick<StartTurn, "input" | "record">> {
  const names: Record<string, string> = {};
  // A reply names what it answers, also on a branch that leaves before the first reply to it.
  const kept = path.slice(0, after ? path.indexOf(after) + 1 : 0);
  for (const entry of kept.slice(kept.findLastIndex(({ role }) => role === "assistant") + 1))
    if (entry.id !== entry.storedId) names[entry.storedId] = entry.id;
  if (rest.length === 0 && after?.role === "user") return { record: recordOf(names) };
  if (rest.length === 0) return { input: goingOn(after, results) };
  const input: InputMessage[] = [];
  for (const message of rest) {
    const id = randomUUID();
    if (message.id && rest.length - rest.indexOf(message) <= MAX_NAMES) names[id] = message.id;
    if (message.role === "assistant") input.push(...replyOf(id, message));
    else {
      if (!/\S/u.test(message.text) && message.files.length === 0)
        throw refused(message.path, "This message is empty: send its words in a part of type text");
      const attachments = await attachmentsOf(files, principal, message.files, uploaded);
      input.push({
        id,
        role: "user",
        content: message.text,
        ...(attachments.length > 0 && { attachments }),
      });
    }
  }
  if (input.at(-1)?.role === "assistant" || input.length === 0) throw nothingNew();
  return { input, record: recordOf(names) };
}

/** What tools gave, which the model is to go on from. */
function goingOn(after: Entry | null, results: readonly SentCall[]): readonly InputMessage[] {
  if (results.length > 0) return [toolMessage(results)];
  if (after?.messages.at(-1)?.role === "tool") return [];
  throw nothingNew();
}

const nothingNew = (): AppError =>
  refused(
    "messages",
    "Nothing is new since the last reply: end the list with a message of the user, with what a tool gave, or send trigger 'regenerate-message'",
  );

function replyOf(id: string, { text, calls }: SentMessage): InputMessage[] {
  const ended = calls.filter(({ result }) => result);
  const asked = ended.map(
    ({ callId, name, arguments: given }): Part => ({
      type: "tool_call",
      callId,
      source: CLIENT_TOOLS,
      name,
      arguments: given,
    }),
  );
  if (text === "" && asked.length === 0) return [];
  const words: Part[] = text === "" ? [] : [{ type: "text", text }];
  const reply: InputMessage = {
    id,
    role: "assistant",
    content: text,
    ...(asked.length > 0 && { parts: [...words, ...asked] }),
  };
  return asked.length > 0 ? [reply, toolMessage(ended)] : [reply];
}

const toolMessage = (calls: readonly SentCall[]): InputMessage => ({
  role: "tool",
  content: "",
  parts: calls.flatMap(({ callId, result }): Part[] =>
    result ? [{ type: "tool_result", callId, ...result }] : [],
  ),
});

function nullIfNotFound(error: unknown): null {
  if (error instanceof AppError && error.code === "not_found") return null;
  throw error;
}
