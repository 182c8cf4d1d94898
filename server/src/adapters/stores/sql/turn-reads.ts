import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import { createReplyPieceReads } from "./reply-pieces.ts";
import { inMessageArrays, MESSAGE_COLUMNS, toMessage } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
export type Turn = { userMessage: Message; reply: Message };

/** A reply is an assistant's message right after a user's: that pair is a turn. */
export function createTurnReads(write: StatementWriter) {
  const { withPieces } = createReplyPieceReads(write);
  const selectReply = inMessageArrays(
    write<OwnerParameters & { id: string }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("role", "=", "assistant"),
    ),
  );
  const selectQuestion = inMessageArrays(
    write<OwnerParameters & { conversationId: string; sequence: number }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("sequence", "=", parameter.sequence)
        .where("role", "=", "user"),
    ),
  );
  const selectLatestReply = inMessageArrays(
    write<OwnerParameters & { conversationId: string }>()((database, parameter) =>
      database
        .selectFrom("messages as reply")
        .select(MESSAGE_COLUMNS)
        .where("reply.conversation_id", "=", parameter.conversationId)
        .where("reply.tenant_id", "=", parameter.tenantId)
        .where("reply.owner_id", "=", parameter.userId)
        .where("reply.role", "=", "assistant")
        .where(({ exists, selectFrom, lit }) =>
          exists(
            selectFrom("messages as question")
              .select(lit(1).as("one"))
              .whereRef("question.conversation_id", "=", "reply.conversation_id")
              .where("question.tenant_id", "=", parameter.tenantId)
              .where("question.owner_id", "=", parameter.userId)
              .where("question.role", "=", "user")
              .where((expression) =>
                expression(
                  "question.sequence",
                  "=",
                  expression("reply.sequence", "-", expression.lit(1)),
                ),
              ),
          ),
        )
        .orderBy("reply.sequence", "desc")
        .limit(1),
    ),
  );

  const selectRunning = write<OwnerParameters & { conversationId: string; sequence: number }>()(
    (database, parameter, sql) =>
      database
        .selectFrom("messages")
        .select("id")
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("status", "=", sql.lit("streaming"))
        .where("sequence", "<", parameter.sequence)
        .orderBy("sequence", "desc")
        .limit(1),
  );

  function* withQuestion(owner: Owner, reply: Message): Operation<Turn | null> {
    const { tenantId, userId } = owner;
    const { conversationId, sequence } = reply;
    const row = yield* selectQuestion.first({
      tenantId,
      userId,
      conversationId,
      sequence: sequence - 1,
    });
    return row ? { userMessage: toMessage(row), reply: yield* withPieces(owner, reply) } : null;
  }

  return {
    *latestTurn(owner: Owner, conversationId: string): Operation<Turn | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectLatestReply.first({ tenantId, userId, conversationId });
      return row ? yield* withQuestion(owner, toMessage(row)) : null;
    },

    *replyRunningBefore(
      owner: Owner,
      conversationId: string,
      sequence: number,
    ): Operation<string | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectRunning.first({ tenantId, userId, conversationId, sequence });
      return row?.id ?? null;
    },

    *getTurn(owner: Owner, replyId: string): Operation<Turn | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectReply.first({ tenantId, userId, id: replyId });
      return row ? yield* withQuestion(owner, toMessage(row)) : null;
    },
  };
}
