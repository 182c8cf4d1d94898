import type { Owner } from "../../../domain/principal.ts";
import type { TokenReservation } from "../../../ports/budget-store.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type RowParameters = { tenantId: string; userId: string; day: number };

/** What stands for all users of a tenant; no user has it for a name. */
const ALL_USERS = "";

export function createBudgetReads(write: StatementWriter) {
  const select = write<RowParameters>()((database, parameter) =>
    database
      .selectFrom("token_usage")
      .select("tokens")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("day", "=", parameter.day),
  );
  return {
    *usedTokens(
      { tenantId, userId }: Owner,
      day: number,
    ): Operation<{ ofUser: number; ofTenant: number }> {
      const ofUser = (yield* select.first({ tenantId, userId, day }))?.tokens ?? 0;
      const ofAll = yield* select.first({ tenantId, userId: ALL_USERS, day });
      return { ofUser, ofTenant: ofAll?.tokens ?? 0 };
    },
  };
}

export function createBudgetWrites(write: StatementWriter) {
  /** Changes nothing where more than that is used. */
  const reserve = write<RowParameters & { tokens: number; mostUsed: number }>()(
    (database, parameter) =>
      database
        .insertInto("token_usage")
        .values({
          tenant_id: parameter.tenantId,
          owner_id: parameter.userId,
          day: parameter.day,
          tokens: parameter.tokens,
        })
        .onConflict((conflict) =>
          conflict
            .columns(["tenant_id", "owner_id", "day"])
            .doUpdateSet((expression) => ({
              tokens: expression("token_usage.tokens", "+", expression.ref("excluded.tokens")),
            }))
            .where("token_usage.tokens", "<=", parameter.mostUsed),
        )
        .returning("tokens"),
  );
  const add = write<RowParameters & { tokens: number }>()((database, parameter) =>
    database
      .updateTable("token_usage")
      .set((expression) => ({ tokens: expression("tokens", "+", parameter.tokens) }))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("day", "=", parameter.day),
  );
  const forget = write<{ before: number }>()((database, parameter) =>
    database.deleteFrom("token_usage").where("day", "<", parameter.before),
  );

  /** Gives the tokens of the answer that fit; null: too few, and nothing is reserved. */
  function* reserveIn(
    row: RowParameters,
    limit: number,
    { sure, likely, leastAnswer }: TokenReservation,
    answer: number,
  ): Operation<number | null> {
    const mostUsed = limit - likely - leastAnswer;
    if (mostUsed < 0) return null;
    const tokens = sure + answer;
    const after = yield* reserve.first({ ...row, tokens, mostUsed });
    if (!after) return null;
    const left = limit - (after.tokens - tokens) - likely;
    const fitting = Math.min(answer, left);
    if (fitting < answer) yield* add.run({ ...row, tokens: fitting - answer });
    return fitting;
  }

  return {
    /** The tenant's row comes first everywhere, so that no two transactions wait for each other. */
    *reserveTokens(
      { tenantId, userId }: Owner,
      reservation: TokenReservation,
    ): Operation<number | "user" | "tenant"> {
      const { day, sure, answer, userLimit, tenantLimit } = reservation;
      const ofAll = { tenantId, userId: ALL_USERS, day };
      let fitting = answer;
      if (tenantLimit !== null) {
        const fits = yield* reserveIn(ofAll, tenantLimit, reservation, fitting);
        if (fits === null) return "tenant";
        fitting = fits;
      }
      if (userLimit !== null) {
        const fits = yield* reserveIn({ tenantId, userId, day }, userLimit, reservation, fitting);
        const back = fits === null ? sure + fitting : fitting - fits;
        if (tenantLimit !== null && back > 0) yield* add.run({ ...ofAll, tokens: -back });
        if (fits === null) return "user";
        fitting = fits;
      }
      return fitting;
    },

    *settleTokens(
      { tenantId, userId }: Owner,
      { day, difference }: { readonly day: number; readonly difference: number },
    ): Operation<void> {
      for (const user of [ALL_USERS, userId])
        yield* add.run({ tenantId, userId: user, day, tokens: difference });
    },

    *forgetTokenUsage(before: number): Operation<void> {
      yield* forget.run({ before });
    },
  };
}
