import type { Conversation, ConversationWithMessages } from "../../../domain/conversation.ts";
import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { ConversationStore } from "../../../ports/store.ts";
import { createMessageList } from "./messages.ts";
import type { Reads } from "./operations.ts";
import type { Operation } from "./statement.ts";

/** Answers a read, and lets the event loop go on before the next one. */
export type PausingRead = <Result>(operation: Operation<Result>) => Promise<Result>;

type Options = Parameters<ConversationStore["iterateConversations"]>[1];

const ROWS_A_PAGE = 50;
/** A reply may have a million characters. */
const MESSAGES_A_PAGE = 32;
const FIRST = -1;

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
      const list = createMessageList();
      const pages = messagePages(read, reads, owner, conversation.id, list.rows);
      for await (const page of pages) list.add(page);
      yield { ...conversation, messages: list.messages };
    }
}

/** They are read at once; each may have a million characters. */
const MAX_MESSAGES_AT_ONCE = 32;

/**
 * All messages of a conversation, of a long one page by page, so that nobody else waits for the whole. One that is
 * changed meanwhile is read again, in one piece. Null: there is no such conversation. @throws AppError too_large
 */
export async function listMessages(
  read: <Result>(operation: Operation<Result>) => Promise<Result>,
  pausingRead: PausingRead,
  reads: Reads,
  owner: Owner,
  conversationId: string,
): Promise<Message[] | null> {
  function* beginning(): Operation<{ revision: number; messages: Message[] } | null> {
    const conversation = yield* reads.getConversation(owner, conversationId);
    if (!conversation) return null;
    return {
      revision: conversation.updatedAt.getTime(),
      messages: yield* reads.messagesAfter(owner, conversationId, FIRST, MAX_MESSAGES_AT_ONCE),
    };
  }
  const begun = await read(beginning());
  if (!begun) return null;
  const list = createMessageList();
  list.add(begun.messages);
  const last = begun.messages.at(-1);
  if (!last || begun.messages.length < MAX_MESSAGES_AT_ONCE) return list.messages;
  const rest = messagePages(pausingRead, reads, owner, conversationId, list.rows, last.sequence);
  for await (const page of rest) list.add(page);
  const now = await read(reads.getConversation(owner, conversationId));
  if (now?.updatedAt.getTime() === begun.revision) return list.messages;
  return read(reads.listMessages(owner, conversationId));
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
  rowsOf: () => number,
  first = FIRST,
): AsyncGenerator<Message[]> {
  let after = first;
  for (;;) {
    const rows = rowsOf();
    const page = await read(reads.messagesAfter(owner, conversationId, after, rows));
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < rows) return;
    after = last.sequence;
  }
}

export async function* exportRecords(
  read: PausingRead,
  reads: Reads,
): AsyncGenerator<ArchiveRecord> {
  for (const key of await read(reads.listKeys())) yield { type: "key", key };
  for (let after = FIRST; ; ) {
    const page = await read(reads.agentRecords(after, ROWS_A_PAGE));
    if (page.items.length === 0) break;
    yield* page.items;
    after = page.lastRowId;
  }
  for (let after = FIRST; ; ) {
    const page = await read(reads.conversationRecords(after, ROWS_A_PAGE));
    if (page.items.length === 0) break;
    for (const record of page.items) {
      yield record;
      const { owner, conversation } = record;
      for await (const messages of messagePages(
        read,
        reads,
        owner,
        conversation.id,
        () => MESSAGES_A_PAGE,
      ))
        for (const message of messages) yield { type: "message", owner, message };
    }
    after = page.lastRowId;
  }
}
