import type { Owner } from "../../../domain/principal.ts";
import type { TokenReservation } from "../../../ports/budget-store.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type RowParameters = { tenantId: string; userId: string; day: number };

/** What stands for all users of a tenant; no user has it for a name. */
const ALL_USERS = "";

export function createBudgetWrites(write: StatementWriter) {
  /** Changes nothing where the limit is reached. */
  const reserve = write<RowParameters & { tokens: number; limit: number }>()(
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
            .where("token_usage.tokens", "<", parameter.limit),
        ),
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

  return {
    /** The tenant's row comes first everywhere, so that no two transactions wait for each other. */
    *reserveTokens(
      { tenantId, userId }: Owner,
      { day, tokens, userLimit, tenantLimit }: TokenReservation,
    ): Operation<"reserved" | "user" | "tenant"> {
      if (tenantLimit !== null) {
        const row = { tenantId, userId: ALL_USERS, day, tokens, limit: tenantLimit };
        if ((yield* reserve.run(row)) === 0) return "tenant";
      }
      if (userLimit !== null) {
        const row = { tenantId, userId, day, tokens, limit: userLimit };
        if ((yield* reserve.run(row)) === 0) {
          if (tenantLimit !== null)
            yield* add.run({ tenantId, userId: ALL_USERS, day, tokens: -tokens });
          return "user";
        }
      }
      return "reserved";
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
