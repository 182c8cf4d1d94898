import { MAX_BRANCHES } from "../../domain/branches.ts";
import type { Owner } from "../../domain/principal.ts";
import { mapInPieces, type Pace } from "../../domain/turns-of-the-loop.ts";
import type { ArchiveRecord, NewRecord } from "../../ports/archive.ts";
import type { DeriveId } from "../../ports/clock.ts";
import type { Chat, ChatMessage } from "./chat.ts";
import { conversationRecord, type MessageRecord, messageRecords } from "./chat-records.ts";
import type { Destination, Fate, StoredTree } from "./destination.ts";
import { type Layout, layOut, NOTHING_STORED, type Spot } from "./layout.ts";

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
  readonly kept: readonly NewRecord[];
  /** The own ids are made when they are needed, which is seldom. */
  readonly derived: () => Promise<readonly NewRecord[]>;
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
  let layout: Layout | null = null;
  for (const id of [sourceId, ownId]) {
    const stored = id === null ? null : await destination.treeOf(owner, id);
    if (id === null || !stored) continue;
    layout ??= await layOut(chat.messages, chat.shown, NOTHING_STORED, pace);
    const tree = await matched({ chat, stored, layout, name, pace });
    if (sourceId !== null || tree.saysTheSame)
      return additions({ chat, owner, id, stored, layout, tree, name, report, pace });
    const said = await sayingOf(chat, importing);
    const distinctId = deriveId(owner, "colloquy import of another", chat.sourceId, said);
    return recordsOf({ ...given, sourceId: distinctId }, report, importing);
  }
  const id = (keepsIds && sourceId) || ownId;
  const fresh = layout ?? (await layOut(chat.messages, chat.shown, NOTHING_STORED, pace));
  const recordsFor = async (conversationId: string, nameOf: Naming["own"]) => [
    conversationRecord(chat, fresh, owner, conversationId),
    ...(await messageRecords({ chat, layout: fresh, owner, conversationId, nameOf, pace })),
  ];
  leaveOutBeyond(fresh, report);
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

type Known = {
  readonly chat: Chat;
  readonly stored: StoredTree;
  /** That of the chat by itself. */
  readonly layout: Layout;
  readonly name: Naming;
  readonly pace: Pace;
};

type Matched = {
  /** Of each message of the chat, by its index, the sequence that it is stored with. */
  readonly sequences: readonly (number | undefined)[];
  /** Whether every stored message came from the chat. */
  readonly isAsImported: boolean;
  /** Whether the part that both have is the same. */
  readonly saysTheSame: boolean;
};

/** Compares a chat to what is stored of it: by the ids, and where they are others, by the places. */
async function matched({ chat, stored, layout, name, pace }: Known): Promise<Matched> {
  const byId = new Map<string, number>();
  const byPlace = new Map<number, number>();
  for (const [index, message] of chat.messages.entries()) {
    byId.set(name.own(message), index).set(name.kept(message), index);
    const spot = layout.spots[index];
    if (spot) byPlace.set(spot.sequence, index);
    if (pace.isDue()) await pace.pause();
  }
  const sequences: (number | undefined)[] = [];
  let isAsImported = true;
  let saysTheSame = true;
  for (const { id, sequence, role, content } of stored.messages) {
    const known = byId.get(id);
    if (known === undefined) isAsImported = false;
    else sequences[known] = sequence;
    const message = chat.messages[known ?? byPlace.get(sequence) ?? -1];
    if (message && (message.role !== role || message.content !== content)) saysTheSame = false;
    if (pace.isDue()) await pace.pause();
  }
  return { sequences, isAsImported, saysTheSame };
}

type Adding = Known & {
  readonly owner: Owner;
  readonly id: string;
  readonly tree: Matched;
  readonly report: ChatReport;
};

async function additions(adding: Adding): Promise<ChatRecords> {
  const { chat, owner, id, stored, layout, tree, name, report, pace } = adding;
  const { sequences, isAsImported } = tree;
  report.add(conversationRecord(chat, layout, owner, id), "there");
  const taken = stored.messages.map(({ sequence }) => sequence);
  const grown = isAsImported
    ? await layOut(
        chat.messages,
        chat.shown,
        { taken, nextBranch: stored.nextBranch, sequenceOf: (index) => sequences[index] },
        pace,
      )
    : { branches: [], spots: layout.spots.map((spot, index) => spotOf(sequences[index]) ?? spot) };
  const places = new Set(taken);
  const isMissing = ({ message }: MessageRecord) => !places.has(message.sequence);
  const recordsFor = (nameOf: Naming["own"]) =>
    messageRecords({ chat, layout: grown, owner, conversationId: id, nameOf, pace, grows: true });
  const kept = await recordsFor(name.kept);
  for (const record of kept) if (!isMissing(record)) report.add(record, "there");
  if (isAsImported) {
    leaveOutBeyond(grown, report);
    return {
      kept: kept.filter(isMissing),
      derived: async () => (await recordsFor(name.own)).filter(isMissing),
      report,
    };
  }
  report.leaveOut("message of conversations that went on here", kept.filter(isMissing).length);
  return { kept: [], derived: async () => [], report };
}

const spotOf = (sequence: number | undefined): Spot | null =>
  sequence === undefined ? null : { sequence, begun: null };

const leaveOutBeyond = ({ spots }: Layout, report: ChatReport): void =>
  report.leaveOut(
    `message on branches beyond the ${MAX_BRANCHES} that a conversation can have`,
    spots.filter((spot) => spot === null).length,
  );

/** Stores them, and what was refused once more under ids of our own. */
export async function putChats(
  chats: readonly ChatRecords[],
  destination: Destination,
): Promise<void> {
  const fates = await destination.put(chats.flatMap(({ kept }) => kept));
  const secondTry: { record: NewRecord; report: ChatReport }[] = [];
  let place = 0;
  for (const { kept, derived, report } of chats) {
    let isWholeRefused = false;
    let others: readonly NewRecord[] | null = null;
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

type Naming = Readonly<Record<"own" | "kept", (message: ChatMessage) => string>>;

/** A message with an id of our own, in the conversation that could keep the id it had. */
const withConversation = (own: NewRecord | undefined, kept: NewRecord): NewRecord | undefined =>
  own?.type === "message" && kept.type === "message"
    ? { ...own, message: { ...own.message, conversationId: kept.message.conversationId } }
    : own;
