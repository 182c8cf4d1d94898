import type { AbandonedReply } from "../../../ports/store.ts";
import { createPieceSweep } from "../sql/reply-pieces.ts";
import { type AbandonedRow, abandonedOf, createStepTaking } from "../sql/reply-steps.ts";
import type { Operation, Sql, StatementWriter } from "../sql/statement.ts";

type NoParameters = Record<never, never>;

/** So many a transaction: a server that died with thousands of replies is dealt with in some seconds. */
const MAX_AT_ONCE = 500;

/** What the checkpoints of a reply kept, joined. */
const piecesOf = (sql: Sql, column: "content" | "reasoning" | "layout", between = "") =>
  sql`(SELECT string_agg(piece.${sql.ref(column)}, ${sql.lit(between)} ORDER BY piece.number)
    FROM reply_pieces AS piece
    WHERE piece.tenant_id = messages.tenant_id AND piece.owner_id = messages.owner_id
      AND piece.reply_id = messages.id)`;

/** Whether the server of a reply may be there still. */
const hasServer = (sql: Sql, isSure: number) =>
  sql`EXISTS (SELECT FROM replicas WHERE number = messages.replica
    AND (lease_ends_at >= clock_timestamp() OR ${isSure}::int = 0))`;

/** Whether a reply has steps: a server may go on with it, or it waits and no server is to. */
const hasSteps = (sql: Sql, which?: "to go on with") =>
  sql`EXISTS (SELECT FROM reply_steps AS steps
    WHERE steps.tenant_id = messages.tenant_id AND steps.owner_id = messages.owner_id
      AND steps.reply_id = messages.id ${sql.raw(which ? "AND steps.parked_at IS NULL" : "")})`;

/**
 * The servers that share the database. Each says again and again that it lives; who has not for as
 * long as a lease, by the database's clock, is gone.
 */
export function createReplicaWrites(write: StatementWriter, leaseMs: number) {
  const insert = write<{ leaseMs: number }>()((database, { leaseMs }, sql) => ({
    compile: () =>
      sql<{ number: number }>`INSERT INTO replicas (lease_ends_at)
        VALUES (clock_timestamp() + ${leaseMs}::int * interval '1 ms')
        RETURNING number`.compile(database),
  }));
  const renew = write<{ number: number; leaseMs: number }>()(
    (database, { number, leaseMs }, sql) => ({
      compile: () =>
        sql`INSERT INTO replicas (number, lease_ends_at)
        VALUES (${number}, clock_timestamp() + ${leaseMs}::int * interval '1 ms')
        ON CONFLICT (number) DO UPDATE SET lease_ends_at = excluded.lease_ends_at`.compile(
          database,
        ),
    }),
  );
  const remove = write<{ number: number }>()((database, { number }, sql) => ({
    compile: () => sql`DELETE FROM replicas WHERE number = ${number}`.compile(database),
  }));
  const removeLongGone = write<NoParameters>()((database, _, sql) => ({
    compile: () =>
      sql`DELETE FROM replicas WHERE lease_ends_at < clock_timestamp() - interval '1 day'`.compile(
        database,
      ),
  }));
  const removeOldMarks = write<NoParameters>()((database, _, sql) => ({
    compile: () =>
      sql`DELETE FROM commit_marks WHERE marked_at < now() - interval '1 day'`.compile(database),
  }));
  const interrupt = write<{ at: number; isSure: number }>()((database, { at, isSure }, sql) => ({
    compile: () =>
      sql<AbandonedRow>`WITH orphans AS MATERIALIZED (
          SELECT tenant_id, owner_id, id FROM messages
          WHERE status = 'streaming' AND NOT ${hasServer(sql, isSure)} AND NOT ${hasSteps(sql)}
          LIMIT ${sql.lit(MAX_AT_ONCE)} FOR UPDATE SKIP LOCKED
        )
        UPDATE messages SET status = 'interrupted', interrupted_by = 'crash', finished_at = ${at},
          content = content || coalesce(${piecesOf(sql, "content")}, ''),
          reasoning = nullif(coalesce(reasoning, '')
            || coalesce(${piecesOf(sql, "reasoning")}, ''), ''),
          parts = '[' || ${piecesOf(sql, "layout", ",")} || ']'
        FROM orphans
        WHERE messages.tenant_id = orphans.tenant_id AND messages.owner_id = orphans.owner_id
          AND messages.id = orphans.id AND messages.status = 'streaming'
        RETURNING messages.tenant_id, messages.owner_id, messages.id`.compile(database),
  }));

  const takeOver = write<{ replica: number; isSure: number }>()(
    (database, { replica, isSure }, sql) => ({
      compile: () =>
        sql<AbandonedRow>`WITH orphans AS MATERIALIZED (
          SELECT tenant_id, owner_id, id FROM messages
          WHERE status = 'streaming' AND NOT ${hasServer(sql, isSure)}
            AND ${hasSteps(sql, "to go on with")}
          LIMIT ${sql.lit(MAX_AT_ONCE)} FOR UPDATE SKIP LOCKED
        )
        UPDATE messages SET replica = ${replica} FROM orphans
        WHERE messages.tenant_id = orphans.tenant_id AND messages.owner_id = orphans.owner_id
          AND messages.id = orphans.id AND messages.status = 'streaming'
        RETURNING messages.tenant_id, messages.owner_id, messages.id`.compile(database),
    }),
  );
  const take = createStepTaking(write);
  const sweepPieces = createPieceSweep(write);

  return {
    *registerReplica(): Operation<number> {
      return (yield* insert.first({ leaseMs }))?.number ?? 0;
    },

    *renewLease(number: number): Operation<void> {
      yield* renew.run({ number, leaseMs });
    },

    *removeReplica(number: number): Operation<void> {
      yield* remove.run({ number });
      yield* removeLongGone.run({});
      yield* removeOldMarks.run({});
    },

    /**
     * Those of servers that have said farewell, and, where that is sure, of those that went without a word.
     * @param replica the server that takes over what has steps
     */
    *interruptOrphans(now: Date, isSure: boolean, replica: number): Operation<AbandonedReply[]> {
      const sure = { isSure: isSure ? 1 : 0 };
      const ended = yield* interrupt.all({ at: now.getTime(), ...sure });
      if (ended.length > 0) yield* sweepPieces();
      const taken = (yield* takeOver.all({ replica, ...sure })).map(abandonedOf(true));
      for (const { owner, replyId } of taken) yield* take(owner, replyId);
      return [...ended.map(abandonedOf(false)), ...taken];
    },
  };
}
