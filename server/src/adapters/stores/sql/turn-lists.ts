import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { TurnListQuery } from "../../../ports/store.ts";
import { inMessageArrays, MESSAGE_COLUMNS, toMessage } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type PageParameters = {
  tenantId: string;
  userId: string;
  pattern: string;
  at: number;
  id: string;
  limit: number;
};

/** How the record of every turn begins that is in a list. */
const IN_A_LIST = '{"list":%';

/** The turns that are in a list of their wire, in its order. */
export const TURN_LISTS_MIGRATION = `
  CREATE INDEX turns_in_lists ON messages (tenant_id, owner_id, created_at, id)
    WHERE turn LIKE '${IN_A_LIST}';
`;
/** Sorts after every id. */
const LAST_ID = "~";

/** The lists that a wire keeps of its turns. */
export function createTurnLists(write: StatementWriter) {
  const selectPlace = write<{ tenantId: string; userId: string; id: string }>()(
    (database, parameter) =>
      database
        .selectFrom("messages")
        .select(["id", "created_at"])
        .where("id", "=", parameter.id)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("role", "=", "assistant"),
  );
  const selectPage = (sign: ">" | "<", direction: "asc" | "desc") =>
    inMessageArrays(
      write<PageParameters>()((database, parameter, sql) =>
        database
          .selectFrom("messages")
          .select(MESSAGE_COLUMNS)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("turn", "like", sql.lit(IN_A_LIST))
          .where("turn", "like", parameter.pattern)
          .where("status", "!=", sql.lit("streaming"))
          .where(({ or, and, eb }) =>
            or([
              eb("created_at", sign, parameter.at),
              and([eb("created_at", "=", parameter.at), eb("id", sign, parameter.id)]),
            ]),
          )
          .orderBy("created_at", direction)
          .orderBy("id", direction)
          .limit(parameter.limit),
      ),
    );
  const pages = { asc: selectPage(">", "asc"), desc: selectPage("<", "desc") };
  const beginnings = {
    asc: { id: "", created_at: 0 },
    desc: { id: LAST_ID, created_at: Number.MAX_SAFE_INTEGER },
  };

  return {
    *listTurns(
      { tenantId, userId }: Owner,
      { list, after, order, limit }: TurnListQuery,
    ): Operation<Message[] | null> {
      const place =
        after === null
          ? beginnings[order]
          : yield* selectPlace.first({ tenantId, userId, id: after });
      if (!place) return null;
      const { id, created_at: at } = place;
      const pattern = `{"list":${JSON.stringify(list)},%`;
      const rows = yield* pages[order].all({ tenantId, userId, pattern, at, id, limit });
      return rows.map(toMessage);
    },
  };
}
