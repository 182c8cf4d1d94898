import type { Stamp } from "../../../domain/audit.ts";
import type { Conversation, ConversationWithMessages } from "../../../domain/conversation.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency, NewConversation, NewMessage } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { type BranchWrites, createBranchReads } from "./branches.ts";
import { createFileCheck } from "./files.ts";
import type { Inserts } from "./inserts.ts";
import { createMessageReads } from "./messages.ts";
import type { Once } from "./once.ts";
import type { Replacements } from "./replacements.ts";
import {
  CONVERSATION_COLUMNS,
  conversationOf,
  conversationOfArray,
  inConversationArrays,
  messageOf,
} from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };

export function createConversationReads(write: StatementWriter) {
  const selectById = inConversationArrays(
    write<OwnerParameters & { id: string }>()((database, parameter) =>
      database
        .selectFrom("conversations")
        .select(CONVERSATION_COLUMNS)
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
    ),
  );
  const selectUser = write<{ tenantId: string; id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select("owner_id")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId),
  );
  /** Across all owners: for the sweep alone. */
  const selectExpired = write<{ now: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(["id", "tenant_id", "owner_id"])
      .where("expires_at", "<=", parameter.now)
      .orderBy("expires_at")
      .limit(parameter.limit),
  );
  const selectByAlias = inConversationArrays(
    write<OwnerParameters & { alias: string }>()((database, parameter) =>
      database
        .selectFrom("conversations")
        .select(CONVERSATION_COLUMNS)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("alias", "=", parameter.alias),
    ),
  );
  const selectLatest = inConversationArrays(
    write<OwnerParameters & { origin: string; usedAfter: number }>()((database, parameter, sql) =>
      database
        .selectFrom("conversations")
        .select(CONVERSATION_COLUMNS)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("is_hidden", "=", sql.lit(0))
        .where("origin", "=", parameter.origin)
        .where("updated_at", ">", parameter.usedAfter)
        .orderBy("updated_at", "desc")
        .limit(1),
    ),
  );

  return {
    *getConversation(owner: Owner, id: string): Operation<Conversation | null> {
      const row = yield* selectById.first({ tenantId: owner.tenantId, userId: owner.userId, id });
      return row ? conversationOfArray(row) : null;
    },

    *userOfConversation(tenantId: string, id: string): Operation<string | null> {
      return (yield* selectUser.first({ tenantId, id }))?.owner_id ?? null;
    },

    *expiredConversations(
      now: Date,
      limit: number,
    ): Operation<{ readonly owner: Owner; readonly id: string }[]> {
      const rows = yield* selectExpired.all({ now: now.getTime(), limit });
      return rows.map(({ id, tenant_id, owner_id }) => ({
        owner: { tenantId: tenant_id, userId: owner_id },
        id,
      }));
    },

    *findConversationByAlias(owner: Owner, alias: string): Operation<Conversation | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectByAlias.first({ tenantId, userId, alias });
      return row ? conversationOfArray(row) : null;
    },

    *latestConversation(
      owner: Owner,
      origin: string,
      usedAfter = Number.MIN_SAFE_INTEGER,
    ): Operation<Conversation | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectLatest.first({ tenantId, userId, origin, usedAfter });
      return row ? conversationOfArray(row) : null;
    },
  };
}

export function createConversationWrites(
  write: StatementWriter,
  insert: Inserts,
  append: AppendAuditEvent,
  replacements: Replacements,
  once: Once,
  branches: BranchWrites,
) {
  const reads = createConversationReads(write);
  const { allMessages } = createMessageReads(write);
  const { findPath } = createBranchReads(write);
  const files = createFileCheck(write);
  const deleteMessages = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("messages")
      .where("conversation_id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("conversations")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .returning("next_branch"),
  );

  function* create(
    owner: Owner,
    conversation: NewConversation,
    messages: readonly NewMessage[],
  ): Operation<ConversationWithMessages> {
    const { title, createdAt } = conversation;
    const created = conversationOf(owner, conversation, title, lastUse(createdAt, messages));
    if (!(yield* insert.conversation(owner, created, messages.length)))
      throw new AppError("conflict", "A conversation of that id or name exists already");
    for (const { attachments } of messages)
      if (attachments) yield* files.insist(owner, attachments);
    const stored = messages.map((message, place) => messageOf(conversation.id, place, message));
    yield* insert.messages(owner, stored);
    return { ...created, messages: stored };
  }

  return {
    *createConversation(
      owner: Owner,
      conversation: NewConversation,
      messages: readonly NewMessage[],
      idempotency?: Idempotency | null,
    ): Operation<ConversationWithMessages> {
      const { id, createdAt: at } = conversation;
      return yield* once(owner, idempotency, {
        id,
        at,
        make: () => create(owner, conversation, messages),
        *find(madeId) {
          const made = yield* reads.getConversation(owner, madeId);
          if (!made) throw notFound("conversation");
          const path = (yield* findPath(owner, madeId, made.activeBranch)) ?? [];
          return { ...made, messages: yield* allMessages(owner, madeId, path) };
        },
      });
    },

    *deleteConversation(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      const deleted = yield* deleteOne.first({ tenantId, userId, id });
      if (!deleted) return false;
      if (deleted.next_branch > 1) yield* branches.forgetBranches(owner, id);
      yield* deleteMessages.run({ tenantId, userId, id });
      yield* replacements.forgetOf({ tenantId, userId, conversationId: id });
      if (stamp) yield* append(eventAbout("conversation_deleted", owner, id, stamp));
      return true;
    },
  };
}

/** A conversation that comes with a past was last used at its last message. */
function lastUse(createdAt: Date, messages: readonly NewMessage[]): Date {
  let latest = createdAt;
  for (const message of messages) if (message.createdAt > latest) latest = message.createdAt;
  return latest;
}
