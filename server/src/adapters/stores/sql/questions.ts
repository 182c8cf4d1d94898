import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import { AppError } from "../../../domain/errors.ts";
import { CLIENT_TOOLS } from "../../../domain/parts.ts";
import type { Owner } from "../../../domain/principal.ts";
import {
  END_OF_TIME,
  MAX_GRANTS,
  type ToolDecision,
  type ToolQuestion,
} from "../../../domain/tool-question.ts";
import type { AskedOf, Decided, NewDecision, QuestionPage } from "../../../ports/question-store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { createGrantWrites } from "./grants.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type ReplyParameters = OwnerParameters & { replyId: string };
type CallParameters = ReplyParameters & { callId: string };

export function createQuestionReads(write: StatementWriter) {
  const openOf = (comparison: "=" | "!=") => ({
    select: write<OwnerParameters & { limit: number; offset: number }>()((database, parameter) =>
      database
        .selectFrom("tool_questions")
        .selectAll()
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("decision", "is", null)
        .where("source", comparison, CLIENT_TOOLS)
        .orderBy("asked_at")
        .orderBy("reply_id")
        .orderBy("call_id")
        .limit(parameter.limit)
        .offset(parameter.offset),
    ),
    count: write<OwnerParameters>()((database, parameter) =>
      database
        .selectFrom("tool_questions")
        .select((expression) => expression.fn.countAll<number>().as("total"))
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("decision", "is", null)
        .where("source", comparison, CLIENT_TOOLS),
    ),
  });
  const open = { client: openOf("="), user: openOf("!=") };
  const selectOfReply = write<ReplyParameters>()((database, parameter) =>
    database
      .selectFrom("tool_questions")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .orderBy("asked_at")
      .orderBy("call_id"),
  );
  const selectSignIns = write<OwnerParameters & { source: string }>()((database, parameter, sql) =>
    database
      .selectFrom("tool_questions")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("decision", "is", null)
      .where("kind", "=", sql.lit("sign_in"))
      .where("source", "=", parameter.source)
      .orderBy("asked_at")
      .orderBy("call_id"),
  );
  const selectExpired = write<{ now: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom("tool_questions")
      .select(["tenant_id", "owner_id", "reply_id", "call_id"])
      .where("decision", "is", null)
      .where("expires_at", "<=", parameter.now)
      .orderBy("expires_at")
      .limit(parameter.limit),
  );
  const selectParked = write<OwnerParameters & { conversationId: string }>()(
    (database, parameter, sql) =>
      database
        .selectFrom("messages")
        .innerJoin("reply_steps", (join) =>
          join
            .onRef("reply_steps.tenant_id", "=", "messages.tenant_id")
            .onRef("reply_steps.owner_id", "=", "messages.owner_id")
            .onRef("reply_steps.reply_id", "=", "messages.id"),
        )
        .select(["messages.id", "messages.sequence"])
        .where("messages.conversation_id", "=", parameter.conversationId)
        .where("messages.tenant_id", "=", parameter.tenantId)
        .where("messages.owner_id", "=", parameter.userId)
        .where("messages.status", "=", sql.lit("streaming"))
        .where("reply_steps.parked_at", "is not", null)
        .orderBy("messages.sequence"),
  );

  return {
    *openQuestions(
      { tenantId, userId }: Owner,
      of: AskedOf,
      page: QuestionPage,
    ): Operation<{ items: ToolQuestion[]; total: number }> {
      const rows = yield* open[of].select.all({ tenantId, userId, ...page });
      const total = Number((yield* open[of].count.first({ tenantId, userId }))?.total ?? 0);
      return { items: rows.map(questionOf), total };
    },

    *questionsOf({ tenantId, userId }: Owner, replyId: string): Operation<ToolQuestion[]> {
      return (yield* selectOfReply.all({ tenantId, userId, replyId })).map(questionOf);
    },

    *signInQuestions({ tenantId, userId }: Owner, source: string): Operation<ToolQuestion[]> {
      return (yield* selectSignIns.all({ tenantId, userId, source })).map(questionOf);
    },

    *parkedReplies(
      { tenantId, userId }: Owner,
      conversationId: string,
    ): Operation<{ id: string; sequence: number }[]> {
      return yield* selectParked.all({ tenantId, userId, conversationId });
    },

    *expiredQuestions(
      now: Date,
      limit: number,
    ): Operation<{ owner: Owner; replyId: string; callId: string }[]> {
      const rows = yield* selectExpired.all({ now: now.getTime(), limit });
      return rows.map((row) => ({
        owner: { tenantId: row.tenant_id, userId: row.owner_id },
        replyId: row.reply_id,
        callId: row.call_id,
      }));
    },
  };
}

export function createQuestionWrites(write: StatementWriter, append: AppendAuditEvent) {
  const grants = createGrantWrites(write, append);
  const select = write<CallParameters>()((database, parameter) =>
    database
      .selectFrom("tool_questions")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("call_id", "=", parameter.callId),
  );
  const settle = write<CallParameters & { decision: string; at: number; result: string | null }>()(
    (database, parameter) =>
      database
        .updateTable("tool_questions")
        .set({
          decision: parameter.decision,
          decided_at: parameter.at,
          result: parameter.result,
        })
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("reply_id", "=", parameter.replyId)
        .where("call_id", "=", parameter.callId)
        .where("decision", "is", null),
  );
  const selectDecided = write<ReplyParameters>()((database, parameter) =>
    database
      .selectFrom("tool_questions")
      .select("call_id")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("decision", "is not", null),
  );
  const park = write<ReplyParameters & { epoch: number; at: number }>()((database, parameter) =>
    database
      .updateTable("reply_steps")
      .set({ parked_at: parameter.at })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("epoch", "=", parameter.epoch),
  );
  const take = write<ReplyParameters>()((database, parameter) =>
    database
      .updateTable("reply_steps")
      .set((expression) => ({
        parked_at: null,
        epoch: expression("epoch", "+", expression.lit(1)),
      }))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId)
      .where("parked_at", "is not", null),
  );

  function* takeParked({ tenantId, userId }: Owner, replyId: string): Operation<boolean> {
    return (yield* take.run({ tenantId, userId, replyId })) > 0;
  }

  return {
    takeParked,
    deleteGrant: grants.deleteGrant,

    *parkReply(
      { tenantId, userId }: Owner,
      replyId: string,
      steps: { readonly epoch: number; readonly waiting: readonly string[]; readonly at: Date },
    ): Operation<"parked" | "decided" | "lost"> {
      const { epoch, waiting, at } = steps;
      const decided = yield* selectDecided.all({ tenantId, userId, replyId });
      if (decided.some(({ call_id }) => waiting.includes(call_id))) return "decided";
      const parked = yield* park.run({ tenantId, userId, replyId, epoch, at: at.getTime() });
      return parked > 0 ? "parked" : "lost";
    },

    *decide(
      owner: Owner,
      replyId: string,
      callId: string,
      { decision, argumentsSha256, grant, result: given }: NewDecision,
      stamp: Stamp,
    ): Operation<Decided | null> {
      const { tenantId, userId } = owner;
      const row = yield* select.first({ tenantId, userId, replyId, callId });
      if (!row) return null;
      const { decision: was, ...asked } = questionOf(row);
      if (was) return { kind: "late", was, isTaken: false };
      const at = stamp.at.getTime();
      if (decision !== "expired" && asked.expiresAt <= stamp.at) {
        yield* settle.run({
          tenantId,
          userId,
          replyId,
          callId,
          decision: "expired",
          at,
          result: null,
        });
        const late = { at: stamp.at, actor: END_OF_TIME };
        yield* append(eventAbout("tool_declined", owner, replyId, late));
        return { kind: "late", was: "expired", isTaken: yield* takeParked(owner, replyId) };
      }
      if (argumentsSha256 !== null && argumentsSha256 !== asked.argumentsSha256)
        return { kind: "changed" };
      if (grant) {
        if ((yield* grants.countGrants(owner)) >= MAX_GRANTS) throw tooManyGrants();
        const { source, tool } = asked;
        yield* grants.insertGrant(owner, { ...grant, source, tool, createdAt: stamp.at }, stamp);
      }
      const result = given ? JSON.stringify(given) : null;
      yield* settle.run({ tenantId, userId, replyId, callId, decision, at, result });
      // Who has signed in is noted as such.
      if (asked.kind === "call" || decision !== "allow")
        yield* append(eventAbout(NOTED_AS[decision], owner, replyId, stamp));
      return { kind: "decided", isTaken: yield* takeParked(owner, replyId) };
    },
  };
}

/** What the audit log calls it. */
const NOTED_AS = {
  allow: "tool_allowed",
  decline: "tool_declined",
  expired: "tool_declined",
  answered: "tool_answered",
} as const;

const questionOf = (row: Selectable<Tables["tool_questions"]>): ToolQuestion => ({
  conversationId: row.conversation_id,
  replyId: row.reply_id,
  callId: row.call_id,
  kind: row.kind === "sign_in" ? "sign_in" : "call",
  source: row.source,
  tool: row.tool,
  arguments: row.arguments,
  argumentsSha256: row.arguments_sha256,
  askedAt: new Date(Number(row.asked_at)),
  expiresAt: new Date(Number(row.expires_at)),
  decision: row.decision as ToolDecision | null,
  result: row.result === null ? null : JSON.parse(row.result),
});

const tooManyGrants = (): AppError =>
  new AppError(
    "conflict",
    `At most ${MAX_GRANTS.toLocaleString("en")} permissions are remembered. Revoke one that is not needed any more, or allow this call alone`,
  );
