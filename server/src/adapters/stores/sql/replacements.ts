import type { Stamp } from "../../../domain/audit.ts";
import { branchOf, rangesAfter, type SequenceRange, startOf } from "../../../domain/branches.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { createBranchReads } from "./branches.ts";
import { MESSAGE_COLUMNS } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import { createTurnStatements } from "./turn-statements.ts";

type OwnerParameters = { tenantId: string; userId: string };
type Range = OwnerParameters & SequenceRange & { conversationId: string };

export type Replacements = ReturnType<typeof createReplacements>;

/** The messages that another one took the place of, as they were: kept for a while, and in no answer. */
export function createReplacements(write: StatementWriter, append: AppendAuditEvent) {
  /** A reply in progress is kept as an interrupted one, because nobody ends it any more. */
  const STATUS_AND_END = ["status", "finished_at"] as const;
  const kept = MESSAGE_COLUMNS.filter(
    (column): column is Exclude<typeof column, (typeof STATUS_AND_END)[number]> =>
      column !== "status" && column !== "finished_at",
  );
  const columns = ["tenant_id", "owner_id", ...kept, ...STATUS_AND_END] as const;

  const { branchesOf } = createBranchReads(write);
  const keep = write<Range & { replacedBy: string; at: number }>()((database, parameter, sql) =>
    database
      .insertInto("replaced_messages")
      .columns([...columns, "replaced_by", "replaced_at"])
      .expression(
        database
          .selectFrom("messages")
          .select(["tenant_id", "owner_id", ...kept])
          .select(({ fn, cast, val, ref, case: choose }) => [
            choose()
              .when("status", "=", sql.lit("streaming" as const))
              .then(sql.lit("interrupted" as const))
              .else(ref("status"))
              .end()
              .as("status"),
            fn.coalesce("finished_at", cast<number>(val(parameter.at), "bigint")).as("finished_at"),
            cast<string>(val(parameter.replacedBy), "text").as("replaced_by"),
            cast<number>(val(parameter.at), "bigint").as("replaced_at"),
          ])
          .where("conversation_id", "=", parameter.conversationId)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("sequence", ">=", parameter.from)
          .where("sequence", "<", parameter.to),
      ),
  );
  const { selectPlace, selectLater, deleteRange } = createTurnStatements(write);
  const selectTakenId = write<OwnerParameters & { conversationId: string; replacedBy: string }>()(
    (database, parameter) =>
      database
        .selectFrom("messages")
        .innerJoin("replaced_messages", (join) =>
          join
            .onRef("replaced_messages.id", "=", "messages.id")
            .onRef("replaced_messages.tenant_id", "=", "messages.tenant_id")
            .onRef("replaced_messages.owner_id", "=", "messages.owner_id"),
        )
        .select("messages.id")
        .where("replaced_messages.conversation_id", "=", parameter.conversationId)
        .where("replaced_messages.replaced_by", "=", parameter.replacedBy)
        .where("replaced_messages.tenant_id", "=", parameter.tenantId)
        .where("replaced_messages.owner_id", "=", parameter.userId)
        .limit(1),
  );
  const bringBack = write<OwnerParameters & { conversationId: string; replacedBy: string }>()(
    (database, parameter) =>
      database
        .insertInto("messages")
        .columns(columns)
        .expression(
          database
            .selectFrom("replaced_messages")
            .select(columns)
            .where("conversation_id", "=", parameter.conversationId)
            .where("replaced_by", "=", parameter.replacedBy)
            .where("tenant_id", "=", parameter.tenantId)
            .where("owner_id", "=", parameter.userId)
            .orderBy("sequence"),
        ),
  );
  const deleteKept = write<OwnerParameters & { conversationId: string; replacedBy: string }>()(
    (database, parameter) =>
      database
        .deleteFrom("replaced_messages")
        .where("conversation_id", "=", parameter.conversationId)
        .where("replaced_by", "=", parameter.replacedBy)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const deleteOfConversation = write<OwnerParameters & { conversationId: string }>()(
    (database, parameter) =>
      database
        .deleteFrom("replaced_messages")
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const deleteOld = write<{ before: number }>()((database, parameter) =>
    database.deleteFrom("replaced_messages").where("replaced_at", "<", parameter.before),
  );
  const touch = write<OwnerParameters & { conversationId: string; at: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set({ updated_at: parameter.at })
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );

  return {
    /** Keeps the conversation's messages of that range, which are about to be deleted. */
    keep: keep.run,
    /** Forgets what is kept of a conversation that is deleted. */
    forgetOf: deleteOfConversation.run,

    writes: {
      *restoreReplaced(
        owner: Owner,
        conversationId: string,
        replacedBy: string,
        stamp: Stamp,
      ): Operation<number> {
        const { tenantId, userId } = owner;
        const at = stamp.at.getTime();
        const place = { tenantId, userId, conversationId };
        const question = yield* selectPlace.first({ ...place, messageId: replacedBy });
        if (!question) throw notFound("message");
        const { sequence } = question;
        const to = startOf(branchOf(sequence) + 1);
        // The question and its reply go, and nothing that was said after them.
        const [, ...branches] = rangesAfter(
          question.next_branch > 1 ? yield* branchesOf(owner, conversationId) : [],
          sequence,
        );
        for (const range of [{ from: sequence + 2, to }, ...branches])
          if (yield* selectLater.first({ ...place, ...range }))
            throw new AppError(
              "conflict",
              "The conversation has continued since then, so what was replaced cannot be restored without losing what followed",
            );
        if (yield* selectTakenId.first({ ...place, replacedBy }))
          throw new AppError(
            "conflict",
            "The id of a message that was replaced has been given to another message since, so what was replaced cannot be restored",
          );
        yield* deleteRange.run({ ...place, from: sequence, to });
        const restored = yield* bringBack.run({ ...place, replacedBy });
        if (restored === 0) throw notFound("message");
        yield* deleteKept.run({ ...place, replacedBy });
        yield* touch.run({ ...place, at });
        yield* append(eventAbout("messages_restored", owner, conversationId, stamp, restored));
        return restored;
      },

      *forgetReplaced(before: Date): Operation<void> {
        yield* deleteOld.run({ before: before.getTime() });
      },
    },
  };
}
