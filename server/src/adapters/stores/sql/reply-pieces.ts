import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ReplyAddition } from "../../../ports/store.ts";
import { toParts } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ReplyParameters = { tenantId: string; userId: string; replyId: string };

/*
 * A reply in progress is kept in pieces, a row for what came between two checkpoints: writing the
 * whole text each time would cost the more the longer it is. Its end puts the text into its own row.
 */

export function createReplyPieceReads(write: StatementWriter) {
  const select = write<ReplyParameters>()((database, parameter) =>
    database
      .selectFrom("reply_pieces")
      .select(["content", "reasoning", "layout"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .orderBy("number"),
  );

  return {
    /** The message, with the text of its last checkpoint if it is in progress. */
    *withPieces(owner: Owner, message: Message): Operation<Message> {
      if (message.status !== "streaming") return message;
      const { tenantId, userId } = owner;
      const pieces = yield* select.all({ tenantId, userId, replyId: message.id });
      const joined = (column: "content" | "reasoning") =>
        pieces.map((piece) => piece[column]).join("");
      const content = message.content + joined("content");
      const reasoning = (message.reasoning ?? "") + joined("reasoning");
      const layout = pieces.flatMap((piece) => piece.layout ?? []).join();
      return {
        ...message,
        content,
        reasoning: reasoning || null,
        parts: toParts(content, reasoning, layout === "" ? null : `[${layout}]`),
      };
    },
  };
}

export function createReplyPieceWrites(write: StatementWriter) {
  const keep = write<
    ReplyParameters & {
      number: number;
      content: string;
      reasoning: string;
      layout: string | null;
    }
  >()((database, parameter, sql) => ({
    compile: () =>
      sql`INSERT INTO reply_pieces (tenant_id, owner_id, reply_id, number, content, reasoning, layout)
          SELECT tenant_id, owner_id, id, CAST(${parameter.number} AS bigint),
            CAST(${parameter.content} AS text), CAST(${parameter.reasoning} AS text),
            CAST(${parameter.layout} AS text)
          FROM messages
          WHERE id = ${parameter.replyId} AND tenant_id = ${parameter.tenantId}
            AND owner_id = ${parameter.userId} AND status = ${sql.lit("streaming")}
          ON CONFLICT (tenant_id, owner_id, reply_id, number)
            DO UPDATE SET content = excluded.content, reasoning = excluded.reasoning,
              layout = excluded.layout`.compile(database),
  }));
  const clear = write<ReplyParameters>()((database, parameter) =>
    database
      .deleteFrom("reply_pieces")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId),
  );

  return {
    *keepPiece({ owner, replyId, number, ...added }: ReplyAddition): Operation<void> {
      const { tenantId, userId } = owner;
      const { content, reasoning } = added;
      const layout = added.layout && JSON.stringify(added.layout).slice(1, -1);
      yield* keep.run({ tenantId, userId, replyId, number, content, reasoning, layout });
    },
    *clearPieces({ tenantId, userId }: Owner, replyId: string): Operation<void> {
      yield* clear.run({ tenantId, userId, replyId });
    },
  };
}

/** Clears away the pieces of all replies that have ended without clearing them. */
export function createPieceSweep(write: StatementWriter) {
  const sweep = write<Record<never, never>>()((database, _, sql) => ({
    compile: () =>
      sql`DELETE FROM reply_pieces WHERE NOT EXISTS (SELECT 1 FROM messages
        WHERE messages.id = reply_pieces.reply_id
          AND messages.tenant_id = reply_pieces.tenant_id
          AND messages.owner_id = reply_pieces.owner_id
          AND messages.status = ${sql.lit("streaming")})`.compile(database),
  }));
  return function* (): Operation<void> {
    yield* sweep.run({});
  };
}
