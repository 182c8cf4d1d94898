import type { Conversation } from "../../../domain/conversation.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ConversationListQuery } from "../../../ports/store.ts";
import { CONVERSATION_COLUMNS, conversationOfArray, inConversationArrays } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** Whether it is pinned, as the least and the greatest value: of 0 and 1, both are asked for where it does not matter. */
type ListParameters = {
  tenantId: string;
  userId: string;
  pinnedFrom: number;
  pinnedTo: number;
};
type PageParameters = ListParameters & { limit: number; offset: number };

/** Tells how many conversations a list has. @param isArchived undefined: it does not matter */
export type CountListed = (
  parameters: ListParameters,
  isArchived: boolean | undefined,
) => Operation<number>;

/** The lists of conversations: of all, of those that are archived, and of those that are not. */
export function createConversationLists(write: StatementWriter, countListed: CountListed) {
  /** @param isArchived null: it does not matter. Its value is a literal, so that the index of archived conversations is used. */
  const statementsOf = (isArchived: boolean | null) => ({
    page: inConversationArrays(
      write<PageParameters>()((database, parameter, sql) =>
        database
          .selectFrom("conversations")
          .select(CONVERSATION_COLUMNS)
          .where("tenant_id", "=", parameter.tenantId)
          .where("owner_id", "=", parameter.userId)
          .where("is_hidden", "=", sql.lit(0))
          .$if(isArchived !== null, (query) =>
            query.where("is_archived", "=", sql.lit(isArchived ? 1 : 0)),
          )
          .where("is_pinned", ">=", parameter.pinnedFrom)
          .where("is_pinned", "<=", parameter.pinnedTo)
          .orderBy("updated_at", "desc")
          .orderBy("row_id", "desc")
          .limit(parameter.limit)
          .offset(parameter.offset),
      ),
    ),
  });
  const ofAll = statementsOf(null);
  const ofListed = statementsOf(false);
  const ofArchived = statementsOf(true);

  return {
    *listConversations(
      { tenantId, userId }: Owner,
      { limit, offset, isPinned, isArchived }: ConversationListQuery,
    ): Operation<{ items: Conversation[]; total: number }> {
      const { page } = isArchived === undefined ? ofAll : isArchived ? ofArchived : ofListed;
      const parameters = {
        ...{ tenantId, userId },
        pinnedFrom: isPinned === true ? 1 : 0,
        pinnedTo: isPinned === false ? 0 : 1,
      };
      const rows = yield* page.all({ ...parameters, limit, offset });
      const total = yield* countListed(parameters, isArchived);
      return { items: rows.map(conversationOfArray), total };
    },
  };
}

/** Counts them each time, where nothing keeps their number. */
export function createCount(write: StatementWriter): CountListed {
  const statementOf = (isArchived: boolean | null) =>
    write<ListParameters>()((database, parameter, sql) =>
      database
        .selectFrom("conversations")
        .select((expression) => expression.fn.countAll<number>().as("total"))
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("is_hidden", "=", sql.lit(0))
        .$if(isArchived !== null, (query) =>
          query.where("is_archived", "=", sql.lit(isArchived ? 1 : 0)),
        )
        .where("is_pinned", ">=", parameter.pinnedFrom)
        .where("is_pinned", "<=", parameter.pinnedTo),
    );
  const ofAll = statementOf(null);
  const ofListed = statementOf(false);
  const ofArchived = statementOf(true);
  return function* countListed(parameters, isArchived) {
    const count = isArchived === undefined ? ofAll : isArchived ? ofArchived : ofListed;
    return Number((yield* count.first(parameters))?.total ?? 0);
  };
}
