import { TRUNK } from "../../domain/branches.ts";
import { NOT_GENERATED } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapInPieces, type Pace } from "../../domain/turns-of-the-loop.ts";
import type { ArchiveRecord } from "../../ports/archive.ts";
import type { DeriveId } from "../../ports/clock.ts";
import type { Chat, ChatMessage } from "./chat.ts";
import type { Destination, Fate, StoredMessage } from "./destination.ts";

/** Called with the outcome of each record, and with everything that was not stored. */
export type ChatReport = {
  add(record: ArchiveRecord, fate: Fate): void;
  leaveOut(noun: string, amount?: number): void;
};

/**
 * What to store of a chat: first with the ids that its source gives, then, where those are somebody
 * else's, with our own.
 */
export type ChatRecords = {
  readonly kept: readonly ArchiveRecord[];
  /** The own ids are made when they are needed, which is seldom. */
  readonly derived: () => Promise<readonly ArchiveRecord[]>;
  readonly report: ChatReport;
};

export type ChatImporting = {
  readonly owner: Owner;
  readonly destination: Destination;
  readonly deriveId: DeriveId;
  /** Whether ids of the source are kept where they are free; otherwise everything gets an id of the owner's own. */
  readonly keepsIds: boolean;
  readonly pace: Pace;
};

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The id that the source gives, where it can be one of ours. */
const usableId = (sourceId: string): string | null =>
  UUID.test(sourceId) ? sourceId.toLowerCase() : null;

/**
 * A conversation that is there already gets what was said elsewhere since, unless it went on here. Two that
 * share an id which is no UUID, and say different things, are two.
 */
export async function recordsOf(
  given: Chat,
  report: ChatReport,
  importing: ChatImporting,
): Promise<ChatRecords> {
  const { owner, destination, deriveId, keepsIds, pace } = importing;
  const chat = { ...given, messages: await withOwnIds(given.messages, pace) };
  const name: Naming = {
    own: (message) => deriveId(owner, "colloquy import", chat.sourceId, message.sourceId),
    kept: (message) => (keepsIds && usableId(message.sourceId)) || name.own(message),
  };
  const ownId = deriveId(owner, "colloquy import", chat.sourceId);
  const sourceId = usableId(chat.sourceId);
  for (const id of [sourceId, ownId]) {
    const stored = id === null ? null : await destination.messagesOf(owner, id);
    if (id === null || !stored) continue;
    if (sourceId !== null || (await saysTheSame(chat, stored, pace)))
      return additions(chat, owner, id, stored, name, report, pace);
    const said = await sayingOf(chat, importing);
    const distinctId = deriveId(owner, "colloquy import of another", chat.sourceId, said);
    return recordsOf({ ...given, sourceId: distinctId }, report, importing);
  }
  const id = (keepsIds && sourceId) || ownId;
  const recordsFor = async (conversationId: string, nameOf: Naming["own"]) => [
    conversationRecord(chat, owner, conversationId),
    ...(await messageRecords(chat, owner, conversationId, nameOf, pace)),
  ];
  return {
    kept: await recordsFor(id, name.kept),
    derived: () => recordsFor(ownId, name.own),
    report,
  };
}

const MAX_CHARACTERS_AT_ONCE = 2 * 1024 * 1024;

/** A text of moderate length, made of everything in a chat, that distinguishes one chat from another. */
async function sayingOf({ messages }: Chat, { owner, deriveId, pace }: ChatImporting) {
  let before: string | null = null;
  let piece: [role: string, content: string][] = [];
  let characters = 0;
  for (const { role, content } of messages) {
    piece.push([role, content]);
    characters += content.length;
    if (characters < MAX_CHARACTERS_AT_ONCE) continue;
    before = deriveId(owner, "colloquy import, so far", before ?? "", JSON.stringify(piece));
    piece = [];
    characters = 0;
    if (pace.isDue()) await pace.pause();
  }
  return before === null ? JSON.stringify(piece) : `${before} ${JSON.stringify(piece)}`;
}

/** A repeated id is distinguished by its place. */
async function withOwnIds(
  [first, ...others]: Chat["messages"],
  pace: Pace,
): Promise<Chat["messages"]> {
  const known = new Set([first.sourceId]);
  const distinct = (message: ChatMessage, index: number): ChatMessage => {
    const { sourceId } = message;
    if (known.has(sourceId)) return { ...message, sourceId: JSON.stringify([sourceId, index + 1]) };
    known.add(sourceId);
    return message;
  };
  return [first, ...(await mapInPieces(others, distinct, pace))];
}

/** Compares the part that both have. */
async function saysTheSame(
  chat: Chat,
  stored: readonly StoredMessage[],
  pace: Pace,
): Promise<boolean> {
  for (const { sequence, role, content } of stored) {
    const message = chat.messages[sequence];
    if (message && (message.role !== role || message.content !== content)) return false;
    if (pace.isDue()) await pace.pause();
  }
  return true;
}

async function additions(
  chat: Chat,
  owner: Owner,
  id: string,
  stored: readonly StoredMessage[],
  name: Naming,
  report: ChatReport,
  pace: Pace,
): Promise<ChatRecords> {
  report.add(conversationRecord(chat, owner, id), "there");
  const kept = await messageRecords(chat, owner, id, name.kept, pace);
  const derived = await messageRecords(chat, owner, id, name.own, pace);
  const places = new Set(stored.map(({ sequence }) => sequence));
  const isAsImported = stored.every(
    ({ id: storedId, sequence }) =>
      kept[sequence]?.message.id === storedId || derived[sequence]?.message.id === storedId,
  );
  const isMissing = ({ message }: MessageRecord) => !places.has(message.sequence);
  for (const record of kept) if (!isMissing(record)) report.add(record, "there");
  if (isAsImported)
    return {
      kept: kept.filter(isMissing),
      derived: async () => derived.filter(isMissing),
      report,
    };
  report.leaveOut("message of conversations that went on here", kept.filter(isMissing).length);
  return { kept: [], derived: async () => [], report };
}

/** Stores them, and what was refused once more under ids of our own. */
export async function putChats(
  chats: readonly ChatRecords[],
  destination: Destination,
): Promise<void> {
  const fates = await destination.put(chats.flatMap(({ kept }) => kept));
  const secondTry: { record: ArchiveRecord; report: ChatReport }[] = [];
  let place = 0;
  for (const { kept, derived, report } of chats) {
    let isWholeRefused = false;
    let others: readonly ArchiveRecord[] | null = null;
    for (const [index, record] of kept.entries()) {
      const fate = fates[place++] ?? "refused";
      if (fate === "refused" && record.type === "conversation") isWholeRefused = true;
      if (isWholeRefused || fate === "refused") others ??= await derived();
      const derivedOne = others?.[index];
      const other = isWholeRefused ? derivedOne : withConversation(derivedOne, record);
      if (other && (isWholeRefused || fate === "refused"))
        secondTry.push({ record: other, report });
      else report.add(record, fate);
    }
  }
  const secondFates = await destination.put(secondTry.map(({ record }) => record));
  for (const [index, { record, report }] of secondTry.entries())
    report.add(record, secondFates[index] ?? "refused");
}

type MessageRecord = Extract<ArchiveRecord, { type: "message" }>;
type Naming = Readonly<Record<"own" | "kept", (message: ChatMessage) => string>>;

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
    agentId: chat.agentId,
    model: null,
    mode: chat.mode,
    origin: chat.origin,
    alias: null,
    activeBranch: TRUNK,
    nextBranch: 1,
    createdAt: chat.createdAt,
    updatedAt: chat.updatedAt,
  },
  branches: [],
});

const messageRecords = (
  chat: Chat,
  owner: Owner,
  conversationId: string,
  nameOf: (message: ChatMessage) => string,
  pace: Pace,
): Promise<MessageRecord[]> =>
  mapInPieces(
    chat.messages,
    (message, sequence): MessageRecord => ({
      type: "message",
      owner,
      message: {
        id: nameOf(message),
        conversationId,
        sequence,
        role: message.role,
        content: message.content,
        model: message.model,
        status: message.status,
        ...NOT_GENERATED,
        createdAt: message.createdAt,
        finishedAt: message.createdAt,
      },
    }),
    pace,
  );
