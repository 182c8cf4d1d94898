import type { Owner } from "../../../domain/principal.ts";
import type { ToolQuestion } from "../../../domain/tool-question.ts";
import type { Operation, StatementWriter } from "./statement.ts";

const SIGN_IN = "sign_in";

type ReplyParameters = { tenantId: string; userId: string; replyId: string };

/** What belongs to the writes of a reply with steps. */
export function createQuestionNotes(write: StatementWriter) {
  const insert = write<
    ReplyParameters & {
      callId: string;
      conversationId: string;
      source: string;
      tool: string;
      arguments: string;
      sha256: string;
      askedAt: number;
      expiresAt: number;
      kind: string | null;
    }
  >()((database, parameter) =>
    database
      .insertInto("tool_questions")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        reply_id: parameter.replyId,
        call_id: parameter.callId,
        conversation_id: parameter.conversationId,
        source: parameter.source,
        tool: parameter.tool,
        arguments: parameter.arguments,
        arguments_sha256: parameter.sha256,
        asked_at: parameter.askedAt,
        expires_at: parameter.expiresAt,
        kind: parameter.kind,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const askAgain = write<
    ReplyParameters & { callId: string; askedAt: number; expiresAt: number }
  >()((database, parameter, sql) =>
    database
      .updateTable("tool_questions")
      .set({
        kind: sql.lit(SIGN_IN),
        asked_at: parameter.askedAt,
        expires_at: parameter.expiresAt,
        decision: null,
        decided_at: null,
      })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("call_id", "=", parameter.callId)
      .where("decision", "=", sql.lit("allow")),
  );
  const end = write<ReplyParameters & { at: number }>()((database, parameter, sql) =>
    database
      .updateTable("tool_questions")
      .set({ decision: sql.lit("ended"), decided_at: parameter.at })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("decision", "is", null),
  );
  return {
    *ask({ tenantId, userId }: Owner, questions: readonly ToolQuestion[]): Operation<void> {
      for (const question of questions) {
        const { replyId, callId, conversationId, source, tool, argumentsSha256: sha256 } = question;
        const times = {
          askedAt: question.askedAt.getTime(),
          expiresAt: question.expiresAt.getTime(),
        };
        const isSignIn = question.kind === "sign_in";
        // The call was allowed, and its source has refused it.
        if (isSignIn && (yield* askAgain.run({ tenantId, userId, replyId, callId, ...times })) > 0)
          continue;
        yield* insert.run({
          ...{ tenantId, userId, replyId, callId, conversationId, source, tool, sha256 },
          arguments: question.arguments,
          ...times,
          kind: isSignIn ? SIGN_IN : null,
        });
      }
    },

    /** The reply has ended: nobody is asked any more. */
    *endQuestions({ tenantId, userId }: Owner, replyId: string, at: Date): Operation<void> {
      yield* end.run({ tenantId, userId, replyId, at: at.getTime() });
    },
  };
}
