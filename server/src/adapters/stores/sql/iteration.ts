import { noSuchBranch, type SequenceRange, TRUNK, TRUNK_PATH } from "../../../domain/branches.ts";
import type { Conversation, ConversationWithMessages } from "../../../domain/conversation.ts";
import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { ConversationStore } from "../../../ports/store.ts";
import type { FilePlace } from "./files.ts";
import type { Page } from "./kept.ts";
import { createMessageList } from "./message-list.ts";
import type { Reads } from "./operations.ts";
import type { Operation } from "./statement.ts";

/** Answers a read, and lets the event loop go on before the next one. */
export type PausingRead = <Result>(operation: Operation<Result>) => Promise<Result>;

type Options = Parameters<ConversationStore["iterateConversations"]>[1];

const ROWS_A_PAGE = 50;
/** A reply may have a million characters. */
const MESSAGES_A_PAGE = 32;
const FIRST = -1;
/** Before the first id. */
const FIRST_ID = "";
/** Before the first digest. */
const FIRST_FILE: FilePlace = { sha256: "", after: FIRST };
const EVERY_BRANCH: SequenceRange = { from: 0, to: Number.MAX_SAFE_INTEGER };

export async function* iterateConversations(
  read: PausingRead,
  reads: Reads,
  owner: Owner,
  { order, limit = Number.MAX_SAFE_INTEGER, before }: Options,
): AsyncGenerator<ConversationWithMessages> {
  let left = limit;
  const pages =
    order === "newest" ? newest(read, reads, owner, before) : pinned(read, reads, owner);
  for await (const conversations of pages)
    for (const conversation of conversations) {
      if (left-- <= 0) return;
      const { id, activeBranch } = conversation;
      const list = createMessageList();
      const path =
        activeBranch === TRUNK ? TRUNK_PATH : await read(reads.findPath(owner, id, activeBranch));
      for (const range of path ?? [])
        for await (const page of messagePages(read, reads, owner, id, range, list.rows))
          list.add(page);
      yield { ...conversation, messages: list.messages };
    }
}

/** They are read at once; each may have a million characters. */
const MAX_MESSAGES_AT_ONCE = 32;

/**
 * All messages on the path of that branch, or of the active one: of a long path page by page, so that nobody else waits
 * for the whole. A conversation that is changed meanwhile is read again, in one piece. Null: there is no such
 * conversation. @throws AppError too_large, invalid_request where there is no such branch
 */
export async function listMessages(
  read: <Result>(operation: Operation<Result>) => Promise<Result>,
  pausingRead: PausingRead,
  reads: Reads,
  owner: Owner,
  conversationId: string,
  page: { readonly branch?: number; readonly everyRole?: boolean } = {},
): Promise<Message[] | null> {
  const { branch: wanted, everyRole = false } = page;
  function* beginning() {
    const conversation = yield* reads.getConversation(owner, conversationId);
    if (!conversation) return null;
    const branch = wanted ?? conversation.activeBranch;
    const path = yield* reads.findPath(owner, conversationId, branch);
    const [first, ...others] = path ?? [];
    if (!first) throw noSuchBranch(branch);
    return {
      revision: conversation.updatedAt.getTime(),
      first,
      others,
      messages: yield* reads.messagesIn(
        owner,
        conversationId,
        first,
        MAX_MESSAGES_AT_ONCE,
        everyRole,
      ),
    };
  }
  const begun = await read(beginning());
  if (!begun) return null;
  const list = createMessageList();
  list.add(begun.messages);
  const { first, others, messages } = begun;
  const last = messages.at(-1);
  const isWhole = !last || messages.length < MAX_MESSAGES_AT_ONCE;
  const rest = isWhole ? others : [{ ...first, from: last.sequence + 1 }, ...others];
  if (rest.length === 0) return list.messages;
  for (const range of rest)
    for await (const page of messagePages(
      pausingRead,
      reads,
      owner,
      conversationId,
      range,
      list.rows,
      everyRole,
    ))
      list.add(page);
  const now = await read(reads.getConversation(owner, conversationId));
  if (now?.updatedAt.getTime() === begun.revision) return list.messages;
  return read(reads.listMessages(owner, conversationId, page));
}

async function* newest(
  read: PausingRead,
  reads: Reads,
  owner: Owner,
  before: string | undefined,
): AsyncGenerator<Conversation[]> {
  let place = await read(reads.creationPlace(owner, before));
  while (place) {
    const page = await read(reads.conversationsCreatedBefore(owner, place, ROWS_A_PAGE));
    yield page.items;
    place = page.next;
  }
}

/** Use moves a conversation in this order, so the order is taken once, as row numbers. */
async function* pinned(
  read: PausingRead,
  reads: Reads,
  owner: Owner,
): AsyncGenerator<Conversation[]> {
  const rowIds = await read(reads.rowIdsPinnedFirst(owner));
  for (let start = 0; start < rowIds.length; start += ROWS_A_PAGE)
    yield await read(reads.conversationsOf(owner, rowIds.slice(start, start + ROWS_A_PAGE)));
}

async function* messagePages(
  read: PausingRead,
  reads: Reads,
  owner: Owner,
  conversationId: string,
  range: SequenceRange,
  rowsOf: () => number,
  everyRole = false,
): AsyncGenerator<Message[]> {
  for (let { from } = range; ; ) {
    const rows = rowsOf();
    const place = { ...range, from };
    const page = await read(reads.messagesIn(owner, conversationId, place, rows, everyRole));
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < rows) return;
    from = last.sequence + 1;
  }
}

export async function* exportRecords(
  read: PausingRead,
  reads: Reads,
): AsyncGenerator<ArchiveRecord> {
  for (const key of await read(reads.listKeys())) yield { type: "key", key };
  for (let after = FIRST_ID; ; ) {
    const page = await read(reads.invitationsAfter(after, ROWS_A_PAGE));
    for (const invitation of page) yield { type: "invitation", invitation };
    const last = page.at(-1);
    if (!last) break;
    after = last.id;
  }
  const { agentRecords, profileRecords, promptRecords, memoryRecords, projectRecords } = reads;
  const kinds = [agentRecords, profileRecords, promptRecords, memoryRecords, projectRecords];
  for (const pageAfter of kinds)
    for await (const records of recordPages<ArchiveRecord>(read, pageAfter)) yield* records;
  for await (const records of recordPages(read, reads.conversationRecords))
    for (const record of records) {
      yield record;
      const { owner, conversation } = record;
      const waiting = await read(reads.parkedReplies(owner, conversation.id));
      for await (const messages of messagePages(
        read,
        reads,
        owner,
        conversation.id,
        EVERY_BRANCH,
        () => MESSAGES_A_PAGE,
        true,
      ))
        for (const message of messages) {
          yield* waitingBefore(read, reads, owner, waiting, message.sequence);
          yield { type: "message", owner, message };
        }
      yield* waitingBefore(read, reads, owner, waiting, EVERY_BRANCH.to);
    }
  for (let place = FIRST_FILE; ; ) {
    const page = await read(reads.fileRecords(place, ROWS_A_PAGE));
    if (!page) return;
    yield* page.items;
    place = page.last;
  }
}

/** All records of one kind. */
async function* recordPages<Item>(
  read: PausingRead,
  pageAfter: (after: number, limit: number) => Operation<Page<Item>>,
): AsyncGenerator<Item[]> {
  for (let after = FIRST; ; ) {
    const page = await read(pageAfter(after, ROWS_A_PAGE));
    if (page.items.length === 0) return;
    yield page.items;
    after = page.lastRowId;
  }
}

/** Takes those replies that come before a sequence off the list, and gives those of them that wait still. */
async function* waitingBefore(
  read: PausingRead,
  reads: Reads,
  owner: Owner,
  waiting: { readonly id: string; readonly sequence: number }[],
  sequence: number,
): AsyncGenerator<ArchiveRecord> {
  for (let [next] = waiting; next && next.sequence <= sequence; [next] = waiting) {
    waiting.shift();
    // What has ended meanwhile is the message of that sequence itself.
    const record =
      next.sequence < sequence ? await read(reads.waitingRecord(owner, next.id)) : null;
    if (record) yield record;
  }
}
