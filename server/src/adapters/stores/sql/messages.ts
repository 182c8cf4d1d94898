import type { Stamp } from "../../../domain/audit.ts";
import {
  branchOf,
  isOnPath,
  noSuchBranch,
  pathBefore,
  type SequenceRange,
  TRUNK,
} from "../../../domain/branches.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import { type Message, ROLES, type Role, SHOWN_ROLES } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency, MessageStore, NewMessage } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { type BranchWrites, createBranchReads } from "./branches.ts";
import { createFileCheck } from "./files.ts";
import type { Inserts } from "./inserts.ts";
import { createMessageList } from "./message-list.ts";
import type { Once } from "./once.ts";
import { createReplyPieceReads } from "./reply-pieces.ts";
import { inMessageArrays, MESSAGE_COLUMNS, messageOf, toMessage } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type RangeParameters = OwnerParameters & {
  conversationId: string;
  from: number;
  to: number;
  limit: number;
};

/** More than any conversation has. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export function createMessageReads(write: StatementWriter) {
  const { withPieces } = createReplyPieceReads(write);
  const { findPath } = createBranchReads(write);
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
      .select("active_branch")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectRange = (direction: "asc" | "desc", roles: readonly Role[]) =>
    inMessageArrays(
      write<RangeParameters>()((database, parameter, sql) => {
        const selected = database
          .selectFrom("messages")
          .select(MESSAGE_COLUMNS)
          .where("conversation_id", "=", parameter.conversationId)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("sequence", ">=", parameter.from)
          .where("sequence", "<", parameter.to)
          .where("status", "<>", "streaming")
          .orderBy("sequence", direction)
          .limit(parameter.limit);
        return roles === ROLES
          ? selected
          : selected.where(
              "role",
              "in",
              roles.map((role) => sql.lit(role)),
            );
      }),
    );
  const selectUp = selectRange("asc", ROLES);
  const selectDown = selectRange("desc", ROLES);
  const selectShownUp = selectRange("asc", SHOWN_ROLES);
  const selectShownDown = selectRange("desc", SHOWN_ROLES);

  function* getMessage(owner: Owner, id: string): Operation<Message | null> {
    const { tenantId, userId } = owner;
    const row = yield* selectById.first({ tenantId, userId, id });
    return row ? yield* withPieces(owner, toMessage(row)) : null;
  }

  /** The first messages of that range, oldest first; of a conversation that the caller knows to exist. */
  function* messagesIn(
    owner: Owner,
    conversationId: string,
    { from, to }: SequenceRange,
    limit: number,
    everyRole = false,
  ): Operation<Message[]> {
    const { tenantId, userId } = owner;
    const select = everyRole ? selectUp : selectShownUp;
    const rows = yield* select.all({ tenantId, userId, conversationId, from, to, limit });
    return rows.map(toMessage);
  }

  /** All of a path of a conversation that the caller knows to exist, oldest first. @throws AppError too_large */
  function* allMessages(
    owner: Owner,
    conversationId: string,
    path: readonly SequenceRange[],
    everyRole = false,
  ): Operation<Message[]> {
    const list = createMessageList();
    for (const range of path)
      for (let { from } = range; ; ) {
        const rows = list.rows();
        const place = { from, to: range.to };
        const page = yield* messagesIn(owner, conversationId, place, rows, everyRole);
        list.add(page);
        const last = page.at(-1);
        if (!last || page.length < rows) break;
        from = last.sequence + 1;
      }
    return list.messages;
  }

  return {
    getMessage,
    messagesIn,
    allMessages,

    *listMessages(
      owner: Owner,
      conversationId: string,
      page: NonNullable<Parameters<MessageStore["listMessages"]>[2]> = {},
    ): Operation<Message[] | null> {
      const { tenantId, userId } = owner;
      const { limit = NO_LIMIT, everyRole = false } = page;
      const found = yield* findConversation.first({ tenantId, userId, id: conversationId });
      if (!found) return null;
      const branch = page.branch ?? found.active_branch;
      const path = yield* findPath(owner, conversationId, branch);
      if (!path) throw noSuchBranch(branch);
      if (page.before === undefined && limit === NO_LIMIT)
        return yield* allMessages(owner, conversationId, path, everyRole);
      let ranges = path;
      if (page.before !== undefined) {
        const next = yield* getMessage(owner, page.before);
        if (next?.conversationId !== conversationId || !isOnPath(path, next.sequence)) return null;
        ranges = pathBefore(path, next.sequence);
      }
      const select = everyRole ? selectDown : selectShownDown;
      const list = createMessageList();
      let left = limit;
      for (const { from, to } of ranges.toReversed())
        for (let before = to; left > 0; ) {
          const asked = Math.min(left, list.rows());
          const place = { conversationId, from, to: before, limit: asked };
          const read = (yield* select.all({ tenantId, userId, ...place })).map(toMessage);
          list.add(read);
          left -= read.length;
          const oldest = read.at(-1);
          if (!oldest || read.length < asked) break;
          before = oldest.sequence;
        }
      return list.messages.reverse();
    },

    *recentMessages(
      owner: Owner,
      conversationId: string,
      limits: Parameters<MessageStore["recentMessages"]>[2],
    ): Operation<Message[]> {
      const { tenantId, userId } = owner;
      const { beforeSequence, branch = branchOf(beforeSequence ?? 0) } = limits;
      const path = (yield* findPath(owner, conversationId, branch)) ?? [];
      const ranges = beforeSequence === undefined ? path : pathBefore(path, beforeSequence);
      const recent: Message[] = [];
      let room = limits.maxCharacters;
      let limit = FIRST_PAGE;
      for (const { from, to } of ranges.toReversed())
        for (let before = to; ; limit = NEXT_PAGES) {
          const place = { conversationId, from, to: before, limit };
          const rows = yield* selectDown.all({ tenantId, userId, ...place });
          for (const row of rows) {
            const message = toMessage(row);
            before = message.sequence;
            if (message.content === "" && message.role === "assistant" && !message.parts) continue;
            room -= message.content.length;
            if (room < 0 && recent.length > 0) return recent.reverse();
            recent.push(message);
          }
          if (room <= 0) return recent.reverse();
          if (rows.length < limit) break;
        }
      return recent.reverse();
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
  branches: BranchWrites,
) {
  const { getMessage, messagesIn } = createMessageReads(write);
  const files = createFileCheck(write);
  const takeSequence = write<OwnerParameters & { conversationId: string; at: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set((expression) => ({
          next_sequence: expression("next_sequence", "+", expression.lit(1)),
          updated_at: parameter.at,
          is_archived: expression.lit(0),
        }))
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .returning(["next_sequence", "active_branch", "next_branch"]),
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
    wanted: number | undefined,
  ): Operation<Message | null> {
    const { tenantId, userId } = owner;
    const at = message.createdAt.getTime();
    const taken = yield* takeSequence.first({ tenantId, userId, conversationId, at });
    if (!taken) return null;
    const branch = wanted ?? taken.active_branch;
    const sequence =
      branch === TRUNK
        ? taken.next_sequence - 1
        : yield* branches.takePlaces(owner, conversationId, branch, 1);
    if (branch !== taken.active_branch)
      yield* branches.makeActive(owner, conversationId, branch, taken.next_branch);
    if (message.attachments) yield* files.insist(owner, message.attachments);
    const added = messageOf(conversationId, sequence, message);
    if (!(yield* insert.message(owner, added)))
      throw new AppError("conflict", "A message of that id exists already");
    return added;
  }

  return {
    *appendMessages(
      owner: Owner,
      conversationId: string,
      messages: readonly [NewMessage, ...NewMessage[]],
      idempotency?: Idempotency | null,
      branch?: number,
    ): Operation<Message[] | null> {
      const [first] = messages;
      return yield* once<Message[] | null>(owner, idempotency, {
        id: first.id,
        at: first.createdAt,
        *make() {
          const added: Message[] = [];
          for (const message of messages) {
            const stored = yield* add(owner, conversationId, message, branch);
            if (!stored) return null;
            added.push(stored);
          }
          return added;
        },
        *find(madeId) {
          const made = yield* getMessage(owner, madeId);
          if (!made) throw notFound("message");
          const range = { from: made.sequence, to: made.sequence + messages.length };
          return yield* messagesIn(owner, conversationId, range, messages.length, true);
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
