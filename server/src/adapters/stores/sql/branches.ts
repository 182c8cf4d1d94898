import {
  type Branch,
  type Fork,
  forkBefore,
  MAX_BRANCHES,
  noSuchBranch,
  pathOf,
  type SequenceRange,
  startOf,
  TRUNK,
  TRUNK_PATH,
} from "../../../domain/branches.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ConversationParameters = { tenantId: string; userId: string; conversationId: string };
type BranchParameters = ConversationParameters & { branch: number };

/** How many branches a conversation has is known from its own row, so that one without forks is never asked for them. */
export type Forking = { readonly nextBranch: number };

export function createBranchReads(write: StatementWriter) {
  const select = write<ConversationParameters>()((database, parameter) =>
    database
      .selectFrom("branches")
      .select(["branch", "parent_branch as parent", "fork_sequence as fork"])
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("branch"),
  );
  const selectForks = write<ConversationParameters>()((database, parameter, sql) => ({
    compile: () => {
      const firstIn = (column: "id" | "sequence", from: ReturnType<typeof sql>, of: string) =>
        sql`(SELECT ${sql.ref(column)} FROM messages
          WHERE messages.conversation_id = branches.conversation_id
            AND messages.tenant_id = branches.tenant_id AND messages.owner_id = branches.owner_id
            AND messages.sequence >= ${from}
            AND messages.sequence < (${sql.ref(of)} + 1) * ${SPAN(sql)}
          ORDER BY messages.sequence LIMIT 1)`;
      const own = sql`branches.branch * ${SPAN(sql)}`;
      const fork = sql`branches.fork_sequence`;
      return sql<ForkRow>`SELECT branch, parent_branch AS parent, fork_sequence AS fork,
          ${firstIn("id", own, "branches.branch")} AS first_id,
          ${firstIn("sequence", own, "branches.branch")} AS first_sequence,
          ${firstIn("id", fork, "branches.parent_branch")} AS next_id,
          ${firstIn("sequence", fork, "branches.parent_branch")} AS next_sequence
        FROM branches
        WHERE branches.conversation_id = ${parameter.conversationId}
          AND branches.tenant_id = ${parameter.tenantId}
          AND branches.owner_id = ${parameter.userId}
        ORDER BY branch`.compile(database);
    },
  }));

  function* branchesOf(owner: Owner, conversationId: string): Operation<Branch[]> {
    const { tenantId, userId } = owner;
    return yield* select.all({ tenantId, userId, conversationId });
  }

  /** The path of that branch; null: there is no such branch. The trunk's is known without asking. */
  function* findPath(
    owner: Owner,
    conversationId: string,
    branch: number,
  ): Operation<readonly SequenceRange[] | null> {
    if (branch === TRUNK) return TRUNK_PATH;
    return pathOf(yield* branchesOf(owner, conversationId), branch);
  }

  return {
    branchesOf,
    findPath,

    /** The branches with what is said now where they begin. */
    *listForks(owner: Owner, conversationId: string): Operation<Fork[]> {
      const { tenantId, userId } = owner;
      const rows = yield* selectForks.all({ tenantId, userId, conversationId });
      return rows.map((row) => ({
        branch: row.branch,
        parent: row.parent,
        fork: row.fork,
        first: placeOf(row.first_id, row.first_sequence),
        next: placeOf(row.next_id, row.next_sequence),
      }));
    },
  };
}

type ForkRow = Branch & {
  first_id: string | null;
  first_sequence: number | null;
  next_id: string | null;
  next_sequence: number | null;
};

const SPAN = (sql: Parameters<Parameters<ReturnType<StatementWriter>>[0]>[2]) =>
  sql.lit(startOf(1));

const placeOf = (id: string | null, sequence: number | null) =>
  id === null || sequence === null ? null : { id, sequence };

export function createBranchWrites(write: StatementWriter) {
  const { branchesOf } = createBranchReads(write);
  const insert = write<BranchParameters & { parent: number; fork: number; nextSequence: number }>()(
    (database, parameter) =>
      database
        .insertInto("branches")
        .values({
          conversation_id: parameter.conversationId,
          tenant_id: parameter.tenantId,
          owner_id: parameter.userId,
          branch: parameter.branch,
          parent_branch: parameter.parent,
          fork_sequence: parameter.fork,
          next_sequence: parameter.nextSequence,
        })
        .onConflict((conflict) => conflict.doNothing()),
  );
  const takePlaces = write<BranchParameters & { places: number }>()((database, parameter) =>
    database
      .updateTable("branches")
      .set((expression) => ({
        next_sequence: expression("next_sequence", "+", expression.val(parameter.places)),
      }))
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("branch", "=", parameter.branch)
      .returning("next_sequence"),
  );
  const reach = write<BranchParameters & { next: number }>()((database, parameter) =>
    database
      .updateTable("branches")
      .set({ next_sequence: parameter.next })
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("branch", "=", parameter.branch)
      .where("next_sequence", "<", parameter.next),
  );
  const activate = write<ConversationParameters & { active: number; next: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set({ active_branch: parameter.active, next_branch: parameter.next })
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
  );
  const goBack = write<BranchParameters & SequenceRange & { parent: number }>()(
    (database, parameter) =>
      database
        .updateTable("conversations")
        .set({ active_branch: parameter.parent })
        .where("id", "=", parameter.conversationId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("active_branch", "=", parameter.branch)
        .where(({ not, exists, selectFrom, lit }) =>
          not(
            exists(
              selectFrom("messages")
                .select(lit(1).as("one"))
                .where("messages.conversation_id", "=", parameter.conversationId)
                .where("messages.tenant_id", "=", parameter.tenantId)
                .where("messages.owner_id", "=", parameter.userId)
                .where("messages.sequence", ">=", parameter.from)
                .where("messages.sequence", "<", parameter.to),
            ),
          ),
        ),
  );
  const deleteAll = write<ConversationParameters>()((database, parameter) =>
    database
      .deleteFrom("branches")
      .where("conversation_id", "=", parameter.conversationId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );

  function* insertBranch(
    owner: Owner,
    conversationId: string,
    { branch, parent, fork }: Branch,
  ): Operation<void> {
    const { tenantId, userId } = owner;
    const nextSequence = startOf(branch);
    const place = { tenantId, userId, conversationId, branch };
    yield* insert.run({ ...place, parent, fork, nextSequence });
  }

  /** Makes a branch the one that is shown and continued. @param next the number of the branch to come */
  function* makeActive(
    owner: Owner,
    conversationId: string,
    active: number,
    next: number,
  ): Operation<void> {
    const { tenantId, userId } = owner;
    yield* activate.run({ tenantId, userId, conversationId, active, next });
  }

  return {
    insertBranch,
    makeActive,

    /** Room for that many messages at the end of a branch other than the trunk; gives the sequence of the first. */
    *takePlaces(
      owner: Owner,
      conversationId: string,
      branch: number,
      places: number,
    ): Operation<number> {
      const { tenantId, userId } = owner;
      const row = yield* takePlaces.first({ tenantId, userId, conversationId, branch, places });
      if (!row) throw noSuchBranch(branch);
      return row.next_sequence - places;
    },

    /** Messages to come on that branch are behind those before that sequence. */
    *reach(owner: Owner, conversationId: string, branch: number, next: number): Operation<void> {
      const { tenantId, userId } = owner;
      yield* reach.run({ tenantId, userId, conversationId, branch, next });
    },

    /** A new branch, whose path goes up to, and without, a message of that sequence. */
    *begin(
      owner: Owner,
      conversationId: string,
      { nextBranch }: Forking,
      sequence: number,
    ): Operation<Branch> {
      if (nextBranch > MAX_BRANCHES)
        throw new AppError(
          "conflict",
          `A conversation has at most ${MAX_BRANCHES} branches. Begin a new conversation`,
        );
      const known = nextBranch === 1 ? [] : yield* branchesOf(owner, conversationId);
      const branch = { branch: nextBranch, ...forkBefore(known, sequence) };
      yield* insertBranch(owner, conversationId, branch);
      yield* makeActive(owner, conversationId, branch.branch, nextBranch + 1);
      return branch;
    },

    /** Makes the parent of that branch the active one again, where nothing is left on it. */
    *leaveEmpty(owner: Owner, conversationId: string, branch: number): Operation<void> {
      if (branch === TRUNK) return;
      const { tenantId, userId } = owner;
      const known = (yield* branchesOf(owner, conversationId)).find((it) => it.branch === branch);
      if (!known) return;
      const place = { tenantId, userId, conversationId };
      yield* goBack.run({
        ...place,
        from: startOf(branch),
        to: startOf(branch + 1),
        branch,
        parent: known.parent,
      });
    },

    *forgetBranches(owner: Owner, conversationId: string): Operation<void> {
      const { tenantId, userId } = owner;
      yield* deleteAll.run({ tenantId, userId, conversationId });
    },
  };
}

export type BranchWrites = ReturnType<typeof createBranchWrites>;
