import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency, NewMessage } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Inserts } from "./inserts.ts";
import type { Once } from "./once.ts";
import { createReplyPieceReads } from "./reply-pieces.ts";
import { inMessageArrays, MESSAGE_COLUMNS, messageOf, toMessage } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** Of the messages that are given at once: more than anybody says in one conversation, and little enough to be held many times. */
export const MAX_CHARACTERS = 32 * 1024 * 1024;
const MIN_ROWS = 32;
const MAX_ROWS = 1000;

export const tooLong = () =>
  new AppError(
    "too_large",
    "These messages are too long to be given at once. Ask for fewer at a time: GET /v1/chat/conversations/{id}/messages with limit and before",
  );

/** A list that grows by pages, none of which is much longer than another. */
export function createMessageList() {
  const messages: Message[] = [];
  let characters = 0;
  return {
    messages,
    /** @throws AppError too_large */
    add(page: readonly Message[]): void {
      for (const message of page) {
        characters += message.content.length;
        messages.push(message);
      }
      if (characters > MAX_CHARACTERS) throw tooLong();
    },
    /** How many to read next, by the length of those that were read. */
    rows(): number {
      const fitting = (MAX_CHARACTERS / 8) * (messages.length / Math.max(1, characters));
      return Math.floor(Math.min(MAX_ROWS, Math.max(MIN_ROWS, fitting)));
    },
  };
}

type OwnerParameters = { tenantId: string; userId: string };

/** More than any conversation has. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export function createMessageReads(write: StatementWriter) {
  const { withPieces } = createReplyPieceReads(write);
  const selectById = inMessageArrays(
    write<OwnerParameters & { id: string }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
    ),
  );
  const findConversation = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select("row_id")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectAfter = inMessageArrays(
    write<OwnerParameters & { conversationId: string; after: number; limit: number }>()(
      (database, parameter) =>
        database
          .selectFrom("messages")
          .select(MESSAGE_COLUMNS)
          .where("conversation_id", "=", parameter.conversationId)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("sequence", ">", parameter.after)
          .where("status", "<>", "streaming")
          .orderBy("sequence")
          .limit(parameter.limit),
    ),
  );
  const selectBefore = inMessageArrays(
    write<OwnerParameters & { conversationId: string; before: number; limit: number }>()(
      (database, parameter) =>
        database
          .selectFrom("messages")
          .select(MESSAGE_COLUMNS)
          .where("conversation_id", "=", parameter.conversationId)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("sequence", "<", parameter.before)
          .where("status", "<>", "streaming")
          .orderBy("sequence", "desc")
          .limit(parameter.limit),
    ),
  );

  function* getMessage(owner: Owner, id: string): Operation<Message | null> {
    const { tenantId, userId } = owner;
    const row = yield* selectById.first({ tenantId, userId, id });
    return row ? yield* withPieces(owner, toMessage(row)) : null;
  }

  /** The messages after that sequence, oldest first; of a conversation that the caller knows to exist. */
  function* messagesAfter(
    owner: Owner,
    conversationId: string,
    after: number,
    limit: number,
  ): Operation<Message[]> {
    const { tenantId, userId } = owner;
    const rows = yield* selectAfter.all({ tenantId, userId, conversationId, after, limit });
    return rows.map(toMessage);
  }

  /** All of a conversation that the caller knows to exist, oldest first. @throws AppError too_large */
  function* allMessages(owner: Owner, conversationId: string): Operation<Message[]> {
    const list = createMessageList();
    for (let after = -1; ; ) {
      const rows = list.rows();
      const page = yield* messagesAfter(owner, conversationId, after, rows);
      list.add(page);
      const last = page.at(-1);
      if (!last || page.length < rows) return list.messages;
      after = last.sequence;
    }
  }

  return {
    getMessage,
    messagesAfter,
    allMessages,

    *listMessages(
      owner: Owner,
      conversationId: string,
      page: { readonly limit?: number; readonly before?: string } = {},
    ): Operation<Message[] | null> {
      const { tenantId, userId } = owner;
      const { limit = NO_LIMIT } = page;
      if (!(yield* findConversation.first({ tenantId, userId, id: conversationId }))) return null;
      if (page.before === undefined && limit === NO_LIMIT)
        return yield* allMessages(owner, conversationId);
      let before = NO_LIMIT;
      if (page.before !== undefined) {
        const next = yield* getMessage(owner, page.before);
        if (next?.conversationId !== conversationId) return null;
        before = next.sequence;
      }
      const list = createMessageList();
      for (let left = limit; left > 0; ) {
        const asked = Math.min(left, list.rows());
        const parameters = { tenantId, userId, conversationId, before, limit: asked };
        const page = (yield* selectBefore.all(parameters)).map(toMessage);
        list.add(page);
        left -= asked;
        const oldest = page.at(-1);
        if (!oldest || page.length < asked) break;
        before = oldest.sequence;
      }
      return list.messages.reverse();
    },

    *recentMessages(
      owner: Owner,
      conversationId: string,
      limits: { readonly maxCharacters: number; readonly beforeSequence?: number },
    ): Operation<Message[]> {
      const { tenantId, userId } = owner;
      const recent: Message[] = [];
      let before = limits.beforeSequence ?? NO_LIMIT;
      let room = limits.maxCharacters;
      for (let limit = FIRST_PAGE; ; limit = NEXT_PAGES) {
        const rows = yield* selectBefore.all({ tenantId, userId, conversationId, before, limit });
        for (const row of rows) {
          const message = toMessage(row);
          before = message.sequence;
          if (message.content === "" && message.role === "assistant") continue;
          room -= message.content.length;
          if (room < 0 && recent.length > 0) return recent.reverse();
          recent.push(message);
        }
        if (rows.length < limit || room <= 0) return recent.reverse();
      }
    },
  };
}

/** Most conversations are short, and what was read in vain is paid on every turn. */
const FIRST_PAGE = 16;
const NEXT_PAGES = 64;

export function createMessageWrites(
  write: StatementWriter,
  insert: Inserts,
  append: AppendAuditEvent,
  once: Once,
) {
  const { getMessage } = createMessageReads(write);
  const takeSequence = write<OwnerParameters & { conversationId: string; at: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set((expression) => ({
          next_sequence: expression("next_sequence", "+", expression.lit(1)),
          updated_at: parameter.at,
        }))
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .returning("next_sequence"),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("messages")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );

  function* add(
    owner: Owner,
    conversationId: string,
    message: NewMessage,
  ): Operation<Message | null> {
    const { tenantId, userId } = owner;
    const at = message.createdAt.getTime();
    const taken = yield* takeSequence.first({ tenantId, userId, conversationId, at });
    if (!taken) return null;
    const added = messageOf(conversationId, taken.next_sequence - 1, message);
    if (!(yield* insert.message(owner, added)))
      throw new AppError("conflict", "A message of that id exists already");
    return added;
  }

  return {
    *appendMessage(
      owner: Owner,
      conversationId: string,
      message: NewMessage,
      idempotency?: Idempotency | null,
    ): Operation<Message | null> {
      return yield* once(owner, idempotency, {
        id: message.id,
        at: message.createdAt,
        make: () => add(owner, conversationId, message),
        *find(madeId) {
          const made = yield* getMessage(owner, madeId);
          if (!made) throw notFound("message");
          return made;
        },
      });
    },

    *deleteMessage(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      if (stamp) yield* append(eventAbout("message_deleted", owner, id, stamp));
      return true;
    },
  };
}
