import {
  branchOf,
  pathBefore,
  type SequenceRange,
  startOf,
  TRUNK,
} from "../../../domain/branches.ts";
import type { Message, TurnRecord } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { StoredTurn } from "../../../ports/store.ts";
import { createBranchReads } from "./branches.ts";
import { createMessageList } from "./message-list.ts";
import { createReplyPieceReads } from "./reply-pieces.ts";
import { inMessageArrays, MESSAGE_COLUMNS, toMessage } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type RangeParameters = OwnerParameters & SequenceRange & { conversationId: string };
/**
 * A reply is an assistant's message right after a user's on its path, and that pair a turn; or one that says itself how
 * many messages before it are its turn's input. What is answered on a branch of its own is right before the fork.
 */
export function createTurnReads(write: StatementWriter) {
  const { withPieces } = createReplyPieceReads(write);
  const { branchesOf, findPath } = createBranchReads(write);
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
  /** @param role null: any */
  const selectAtPlace = (role: "user" | "assistant" | null) =>
    inMessageArrays(
      write<OwnerParameters & { conversationId: string; sequence: number }>()(
        (database, parameter) => {
          const atPlace = database
            .selectFrom("messages")
            .select(MESSAGE_COLUMNS)
            .where("conversation_id", "=", parameter.conversationId)
            .where("tenant_id", "=", parameter.tenantId)
            .where("owner_id", "=", parameter.userId)
            .where("sequence", "=", parameter.sequence);
          return role === null ? atPlace : atPlace.where("role", "=", role);
        },
      ),
    );
  const selectQuestion = selectAtPlace("user");
  const selectAnyQuestion = selectAtPlace(null);
  const selectInput = inMessageArrays(
    write<RangeParameters & { limit: number }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("sequence", ">=", parameter.from)
        .where("sequence", "<", parameter.to)
        .orderBy("sequence")
        .limit(parameter.limit),
    ),
  );
  /** The first of a branch may answer what is before the fork. */
  const selectAnswer = selectAtPlace("assistant");
  const selectLatestReply = inMessageArrays(
    write<RangeParameters>()((database, parameter) =>
      database
        .selectFrom("messages as reply")
        .select(MESSAGE_COLUMNS)
        .where("reply.conversation_id", "=", parameter.conversationId)
        .where("reply.tenant_id", "=", parameter.tenantId)
        .where("reply.owner_id", "=", parameter.userId)
        .where("reply.sequence", ">=", parameter.from)
        .where("reply.sequence", "<", parameter.to)
        .where("reply.role", "=", "assistant")
        .where(({ or, eb, exists, selectFrom, lit }) =>
          or([
            eb("reply.turn", "is not", null),
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
          ]),
        )
        .orderBy("reply.sequence", "desc")
        .limit(1),
    ),
  );

  const selectRecords = write<OwnerParameters & { conversationId: string }>()(
    (database, parameter, sql) =>
      database
        .selectFrom("messages")
        .select("turn")
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("role", "=", sql.lit("assistant"))
        .where("turn", "is not", null),
  );
  const selectRunning = write<RangeParameters>()((database, parameter, sql) =>
    database
      .selectFrom("messages")
      .select("id")
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("status", "=", sql.lit("streaming"))
      .where("sequence", ">=", parameter.from)
      .where("sequence", "<", parameter.to)
      .orderBy("sequence", "desc")
      .limit(1),
  );

  /** The sequence of the question that a reply answers. */
  function* questionPlace(owner: Owner, { conversationId, sequence }: Message): Operation<number> {
    const branch = branchOf(sequence);
    if (branch === TRUNK || sequence !== startOf(branch)) return sequence - 1;
    const branches = yield* branchesOf(owner, conversationId);
    return (branches.find((it) => it.branch === branch)?.fork ?? 0) - 1;
  }

  const selectAllRunning = write<OwnerParameters & { conversationId: string }>()(
    (database, parameter, sql) =>
      database
        .selectFrom("messages")
        .select(["id", "sequence"])
        .where("conversation_id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("status", "=", sql.lit("streaming"))
        .orderBy("sequence"),
  );

  /** A long input is read page by page. */
  function* inputIn(
    place: OwnerParameters & { conversationId: string },
    { from, to }: SequenceRange,
  ): Operation<readonly Message[]> {
    const list = createMessageList();
    for (let next = from; next < to; ) {
      const limit = list.rows();
      const page = (yield* selectInput.all({ ...place, from: next, to, limit })).map(toMessage);
      list.add(page);
      next = page.length < limit ? to : (page.at(-1)?.sequence ?? to) + 1;
    }
    return list.messages;
  }

  function* withQuestion(owner: Owner, reply: Message): Operation<StoredTurn | null> {
    const { tenantId, userId } = owner;
    const { conversationId } = reply;
    const place = { tenantId, userId, conversationId };
    const inputs = reply.turn?.inputs ?? 0;
    if (inputs > 0) {
      // Before the input, which is read page by page: the pieces are gone once the reply has ended.
      const whole = yield* withPieces(owner, reply);
      const input = yield* inputIn(place, { from: reply.sequence - inputs, to: reply.sequence });
      const userMessage = mainOf(input);
      return userMessage ? { userMessage, input, reply: whole } : null;
    }
    const sequence = yield* questionPlace(owner, reply);
    const select = reply.turn ? selectAnyQuestion : selectQuestion;
    const row = yield* select.first({ ...place, sequence });
    if (!row) return null;
    const userMessage = toMessage(row);
    const input = reply.turn ? [] : [userMessage];
    return { userMessage, input, reply: yield* withPieces(owner, reply) };
  }

  return {
    *latestTurn(
      owner: Owner,
      conversationId: string,
      branch = TRUNK,
    ): Operation<StoredTurn | null> {
      const { tenantId, userId } = owner;
      const path = (yield* findPath(owner, conversationId, branch)) ?? [];
      for (const range of path.toReversed()) {
        const place = { tenantId, userId, conversationId, ...range };
        const row =
          (yield* selectLatestReply.first(place)) ??
          (range.from === startOf(TRUNK)
            ? undefined
            : yield* selectAnswer.first({ ...place, sequence: range.from }));
        const turn = row && (yield* withQuestion(owner, toMessage(row)));
        if (turn) return turn;
      }
      return null;
    },

    *replyRunningBefore(
      owner: Owner,
      conversationId: string,
      sequence: number,
    ): Operation<string | null> {
      const { tenantId, userId } = owner;
      const path = (yield* findPath(owner, conversationId, branchOf(sequence))) ?? [];
      for (const range of pathBefore(path, sequence).toReversed()) {
        const row = yield* selectRunning.first({ tenantId, userId, conversationId, ...range });
        if (row) return row.id;
      }
      return null;
    },

    *runningReplies(
      owner: Owner,
      conversationId: string,
    ): Operation<{ id: string; sequence: number }[]> {
      const { tenantId, userId } = owner;
      return yield* selectAllRunning.all({ tenantId, userId, conversationId });
    },

    *turnRecords(owner: Owner, conversationId: string): Operation<TurnRecord[]> {
      const { tenantId, userId } = owner;
      const rows = yield* selectRecords.all({ tenantId, userId, conversationId });
      return rows.map(({ turn }): TurnRecord => JSON.parse(turn ?? ""));
    },

    *getTurn(owner: Owner, replyId: string): Operation<StoredTurn | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectReply.first({ tenantId, userId, id: replyId });
      return row ? yield* withQuestion(owner, toMessage(row)) : null;
    },
  };
}

/** The message that a turn is about. */
const mainOf = (input: readonly Message[]): Message | undefined =>
  input.findLast(({ role }) => role === "user") ?? input.at(-1);
