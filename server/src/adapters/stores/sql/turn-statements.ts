import { BRANCH_SPAN, type SequenceRange } from "../../../domain/branches.ts";
import { CONVERSATION_COLUMNS } from "./rows.ts";
import type { StatementWriter } from "./statement.ts";
import type { Ending } from "./turn-results.ts";

type OwnerParameters = { tenantId: string; userId: string };
type RangeParameters = OwnerParameters & SequenceRange & { conversationId: string };

export function createTurnStatements(write: StatementWriter) {
  const continueConversation = write<OwnerParameters & { id: string; at: number }>()(
    (database, parameter, sql) =>
      database
        .updateTable("conversations")
        .set((expression) => ({
          next_sequence: expression("next_sequence", "+", expression.lit(2)),
          updated_at: parameter.at,
          is_archived: expression.lit(0),
        }))
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .returning((expression) => [
          ...CONVERSATION_COLUMNS,
          "next_sequence",
          expression
            .selectFrom("messages")
            .select("messages.id")
            .where("messages.conversation_id", "=", parameter.id)
            .where("messages.tenant_id", "=", parameter.tenantId)
            .where("messages.owner_id", "=", parameter.userId)
            .where("messages.status", "=", sql.lit("streaming"))
            .where("messages.sequence", "<", expression.lit(BRANCH_SPAN))
            .orderBy("messages.sequence", "desc")
            .limit(expression.lit(1))
            .as("running_before"),
        ]),
  );
  const selectPlace = write<OwnerParameters & { conversationId: string; messageId: string }>()(
    (database, parameter) =>
      database
        .selectFrom("messages")
        .innerJoin("conversations", (join) =>
          join
            .onRef("conversations.id", "=", "messages.conversation_id")
            .onRef("conversations.tenant_id", "=", "messages.tenant_id")
            .onRef("conversations.owner_id", "=", "messages.owner_id"),
        )
        .select(["messages.sequence", "messages.role", "conversations.next_branch"])
        .where("messages.id", "=", parameter.messageId)
        .where("messages.conversation_id", "=", parameter.conversationId)
        .where("messages.tenant_id", "=", parameter.tenantId)
        .where("messages.owner_id", "=", parameter.userId),
  );
  const selectLater = write<RangeParameters>()((database, parameter) =>
    database
      .selectFrom("messages")
      .select("sequence")
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("sequence", ">=", parameter.from)
      .where("sequence", "<", parameter.to)
      .limit(1),
  );
  const deleteRange = write<RangeParameters>()((database, parameter) =>
    database
      .deleteFrom("messages")
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("sequence", ">=", parameter.from)
      .where("sequence", "<", parameter.to),
  );
  const setTitle = write<OwnerParameters & { id: string; title: string }>()((database, parameter) =>
    database
      .updateTable("conversations")
      .set({ title: parameter.title, is_named_by_words: 1 })
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const insertTurn = write<
    OwnerParameters & {
      conversationId: string;
      questionId: string;
      content: string;
      attachments: string | null;
      questionSequence: number;
      replyId: string;
      replySequence: number;
      model: string;
      at: number;
      replyAt: number;
    }
  >()((database, parameter) =>
    database.insertInto("messages").values([
      {
        id: parameter.questionId,
        conversation_id: parameter.conversationId,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        sequence: parameter.questionSequence,
        role: "user",
        status: "complete",
        model: null,
        created_at: parameter.at,
        finished_at: parameter.at,
        content: parameter.content,
        attachments: parameter.attachments,
      },
      {
        id: parameter.replyId,
        conversation_id: parameter.conversationId,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        sequence: parameter.replySequence,
        role: "assistant",
        status: "streaming",
        model: parameter.model,
        created_at: parameter.replyAt,
        finished_at: null,
        content: "",
        attachments: null,
      },
    ]),
  );
  const selectTurn = write<OwnerParameters & { replyId: string }>()((database, parameter) =>
    database
      .selectFrom("messages")
      .select("turn")
      .where("id", "=", parameter.replyId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("role", "=", "assistant"),
  );
  const setTurn = write<OwnerParameters & { replyId: string; turn: string }>()(
    (database, parameter) =>
      database
        .updateTable("messages")
        .set({ turn: parameter.turn })
        .where("id", "=", parameter.replyId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const takeMore = write<OwnerParameters & { conversationId: string; places: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set((expression) => ({
          next_sequence: expression("next_sequence", "+", expression.val(parameter.places)),
        }))
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const deleteHidden = write<OwnerParameters & { conversationId: string }>()(
    (database, parameter, sql) =>
      database
        .deleteFrom("conversations")
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("is_hidden", "=", sql.lit(1)),
  );
  const deleteAny = write<OwnerParameters & { conversationId: string }>()((database, parameter) =>
    database
      .deleteFrom("conversations")
      .where("id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteReply = write<OwnerParameters & { replyId: string }>()((database, parameter) =>
    database
      .deleteFrom("messages")
      .where("id", "=", parameter.replyId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const moveKey = write<OwnerParameters & { key: string; replyId: string }>()(
    (database, parameter) =>
      database
        .updateTable("idempotency_keys")
        .set({ reply_id: parameter.replyId })
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("key", "=", parameter.key),
  );
  const deleteKeys = write<{ before: number }>()((database, parameter) =>
    database.deleteFrom("idempotency_keys").where("created_at", "<", parameter.before),
  );
  const finish = write<
    OwnerParameters & {
      replyId: string;
      status: Ending["status"];
      content: string;
      model: string;
      usage: string | null;
      reasoning: string | null;
      reasoningMs: number | null;
      finishReason: Ending["finishReason"];
      interruptedBy: Ending["interruptedBy"];
      parts: string | null;
      error: string | null;
      at: number;
    }
  >()((database, parameter) =>
    database
      .updateTable("messages")
      .set({
        status: parameter.status,
        content: parameter.content,
        model: parameter.model,
        usage: parameter.usage,
        reasoning: parameter.reasoning,
        reasoning_ms: parameter.reasoningMs,
        finish_reason: parameter.finishReason,
        interrupted_by: parameter.interruptedBy,
        parts: parameter.parts,
        error: parameter.error,
        finished_at: parameter.at,
      })
      .where("id", "=", parameter.replyId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("status", "=", "streaming")
      .returning(["conversation_id", "sequence", "created_at"]),
  );
  const truncate = write<
    OwnerParameters & {
      replyId: string;
      content: string;
      reasoning: string | null;
      parts: string | null;
    }
  >()((database, parameter) =>
    database
      .updateTable("messages")
      .set({
        content: parameter.content,
        reasoning: parameter.reasoning,
        parts: parameter.parts,
        status: "interrupted",
        interrupted_by: "heard",
        finish_reason: null,
      })
      .where("id", "=", parameter.replyId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("role", "=", "assistant")
      .where("status", "!=", "streaming")
      .returning("id"),
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
    continueConversation,
    selectPlace,
    selectLater,
    deleteRange,
    setTitle,
    insertTurn,
    selectTurn,
    setTurn,
    takeMore,
    deleteHidden,
    deleteAny,
    deleteReply,
    moveKey,
    deleteKeys,
    finish,
    truncate,
    touch,
  };
}
