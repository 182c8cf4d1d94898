import type { Owner } from "../../domain/principal.ts";
import type { ArchiveRecord } from "../../ports/archive.ts";
import { elementsOf } from "../importing/array-elements.ts";
import type { Destination, StoredMessage } from "../importing/destination.ts";
import type { Job } from "../importing/job.ts";
import type { Piece } from "../importing/pieces.ts";
import { ImportProblem } from "../importing/problem.ts";
import { parseRepaired, parsingProblem } from "../importing/repair.ts";
import type { Tally } from "../importing/tally.ts";
import { type Chat, type ChatMessage, decodeChat } from "./decode.ts";
import { derivedId, keptId } from "./ids.ts";

/** Its wire, as conversations say where they began. */
const ORIGIN = "chatgpt";
const BATCH_RECORDS = 500;

/**
 * Takes the conversations of a ChatGPT export, each whole or not at all, for that owner. One that is
 * there already gets what was said in ChatGPT since, unless it went on here.
 * @throws ImportProblem when the file is no JSON array, or not whole
 */
export async function importChats(
  { chunks, destination, tally, signal, onProgress }: Job,
  owner: Owner,
): Promise<void> {
  let batch: ChatRecords[] = [];
  let size = 0;
  const flush = async () => {
    const chats = batch;
    batch = [];
    size = 0;
    await putChats(chats, destination, tally);
    onProgress();
  };
  try {
    for await (const piece of elementsOf(chunks)) {
      if (signal.aborted) return;
      const chat = readChat(piece, tally);
      if (!chat) continue;
      const records = await newRecords(chat, owner, destination, tally);
      batch.push(records);
      size += records.kept.length;
      if (size >= BATCH_RECORDS) await flush();
    }
  } catch (error) {
    if (!(signal.aborted && error instanceof ImportProblem)) throw error;
  } finally {
    await flush();
  }
}

function readChat(piece: Piece, tally: Tally): Chat | null {
  const place = `conversation ${piece.number}`;
  const misunderstand = (reason: string) => {
    tally.misunderstand(place, reason);
    return null;
  };
  if (piece.text === null) return misunderstand("it is far too long");
  if (piece.isDamaged) tally.repair();
  try {
    const chat = decodeChat(parseRepaired(piece.text, tally.repair), tally.leaveOut);
    return typeof chat === "string" ? misunderstand(chat) : chat;
  } catch (error) {
    return misunderstand(parsingProblem(error));
  }
}

/** What to store of a chat: first with the ids that the export gives, then, where those are somebody else's, with our own. */
type ChatRecords = {
  readonly kept: readonly ArchiveRecord[];
  readonly derived: readonly ArchiveRecord[];
};

async function newRecords(
  chat: Chat,
  owner: Owner,
  destination: Destination,
  tally: Tally,
): Promise<ChatRecords> {
  const ownId = derivedId(owner, chat.sourceId);
  for (const id of [keptId(chat.sourceId), ownId]) {
    const stored = id === null ? null : await destination.messagesOf(owner, id);
    if (id !== null && stored) return additions(chat, owner, id, stored, tally);
  }
  const id = keptId(chat.sourceId) ?? ownId;
  return {
    kept: [conversationRecord(chat, owner, id), ...messageRecords(chat, owner, id, keptMessageId)],
    derived: [
      conversationRecord(chat, owner, ownId),
      ...messageRecords(chat, owner, ownId, derivedMessageId),
    ],
  };
}

function additions(
  chat: Chat,
  owner: Owner,
  id: string,
  stored: readonly StoredMessage[],
  tally: Tally,
): ChatRecords {
  tally.add(conversationRecord(chat, owner, id), "there");
  const kept = messageRecords(chat, owner, id, keptMessageId);
  const derived = messageRecords(chat, owner, id, derivedMessageId);
  const places = new Set(stored.map(({ sequence }) => sequence));
  const isAsImported = stored.every(
    ({ id: storedId, sequence }) =>
      kept[sequence]?.message.id === storedId || derived[sequence]?.message.id === storedId,
  );
  const isMissing = ({ message }: MessageRecord) => !places.has(message.sequence);
  for (const record of kept) if (!isMissing(record)) tally.add(record, "there");
  if (isAsImported) return { kept: kept.filter(isMissing), derived: derived.filter(isMissing) };
  tally.leaveOut("message of conversations that went on here", kept.filter(isMissing).length);
  return { kept: [], derived: [] };
}

async function putChats(
  chats: readonly ChatRecords[],
  destination: Destination,
  tally: Tally,
): Promise<void> {
  const fates = await destination.put(chats.flatMap(({ kept }) => kept));
  const secondTry: ArchiveRecord[] = [];
  let place = 0;
  for (const { kept, derived } of chats) {
    let isWholeRefused = false;
    for (const [index, record] of kept.entries()) {
      const fate = fates[place++] ?? "refused";
      if (fate === "refused" && record.type === "conversation") isWholeRefused = true;
      const other = isWholeRefused ? derived[index] : withConversation(derived[index], record);
      if (other && (isWholeRefused || fate === "refused")) secondTry.push(other);
      else tally.add(record, fate);
    }
  }
  const secondFates = await destination.put(secondTry);
  for (const [index, record] of secondTry.entries())
    tally.add(record, secondFates[index] ?? "refused");
}

type MessageRecord = Extract<ArchiveRecord, { type: "message" }>;

/** A message with an id of our own, in the conversation that could keep the id it had. */
const withConversation = (
  own: ArchiveRecord | undefined,
  kept: ArchiveRecord,
): ArchiveRecord | undefined =>
  own?.type === "message" && kept.type === "message"
    ? { ...own, message: { ...own.message, conversationId: kept.message.conversationId } }
    : own;

const conversationRecord = (chat: Chat, owner: Owner, id: string): ArchiveRecord => ({
  type: "conversation",
  owner,
  conversation: {
    id,
    userId: owner.userId,
    title: chat.title,
    isPinned: chat.isPinned,
    agentId: null,
    mode: null,
    origin: ORIGIN,
    alias: null,
    createdAt: chat.createdAt,
    updatedAt: chat.updatedAt,
  },
});

type NameMessage = (message: ChatMessage, chat: Chat, owner: Owner) => string;

const derivedMessageId: NameMessage = (message, chat, owner) =>
  derivedId(owner, chat.sourceId, message.sourceId);

const keptMessageId: NameMessage = (message, chat, owner) =>
  keptId(message.sourceId) ?? derivedMessageId(message, chat, owner);

const messageRecords = (
  chat: Chat,
  owner: Owner,
  conversationId: string,
  nameMessage: NameMessage,
): MessageRecord[] =>
  chat.messages.map((message, sequence) => ({
    type: "message",
    owner,
    message: {
      id: nameMessage(message, chat, owner),
      conversationId,
      sequence,
      role: message.role,
      content: message.content,
      model: message.model,
      status: message.status,
      usage: null,
      reasoning: null,
      error: null,
      createdAt: message.createdAt,
      finishedAt: message.createdAt,
    },
  }));
