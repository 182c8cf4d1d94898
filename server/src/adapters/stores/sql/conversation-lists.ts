import type { Conversation } from "../../../domain/conversation.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ConversationListQuery } from "../../../ports/store.ts";
import { CONVERSATION_COLUMNS, conversationOfArray, inConversationArrays } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** Of an owner's conversations: of 0 and 1, both are asked for where it does not matter whether they are pinned. */
type ListParameters = {
  tenantId: string;
  userId: string;
  pinnedFrom: number;
  pinnedTo: number;
};
type PageParameters = ListParameters & { projectId: string; limit: number; offset: number };

/** In whatever project or none, in no project, or in the project of the parameters. */
type Where = "anywhere" | "none" | "one";

/** Tells how many conversations a list has. @param isArchived undefined: it does not matter */
export type CountListed = (
  parameters: ListParameters,
  isArchived: boolean | undefined,
) => Operation<number>;

/** The lists of conversations: of all, of those that are archived or not, of those in a project or in none. */
export function createConversationLists(write: StatementWriter, countListed: CountListed) {
  /** @param isArchived null: it does not matter. Its value is a literal, so that the index of archived conversations is used. */
  const pageOf = (isArchived: boolean | null, where: Where) =>
    inConversationArrays(
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
          .$if(where === "none", (query) => query.where("project_id", "is", null))
          .$if(where === "one", (query) => query.where("project_id", "=", parameter.projectId))
          .where("is_pinned", ">=", parameter.pinnedFrom)
          .where("is_pinned", "<=", parameter.pinnedTo)
          .orderBy("updated_at", "desc")
          .orderBy("row_id", "desc")
          .limit(parameter.limit)
          .offset(parameter.offset),
      ),
    );
  const pagesOf = (where: Where) => ({
    all: pageOf(null, where),
    inUse: pageOf(false, where),
    archived: pageOf(true, where),
  });
  const pages = { anywhere: pagesOf("anywhere"), none: pagesOf("none"), one: pagesOf("one") };
  const countInProjects = createProjectCount(write);

  function* totalOf(
    parameters: ListParameters,
    isArchived: boolean | undefined,
    projectId: string | null | undefined,
  ): Operation<number> {
    if (projectId === undefined) return yield* countListed(parameters, isArchived);
    const inProjects = yield* countInProjects(parameters, isArchived, projectId);
    if (projectId !== null) return inProjects;
    return (yield* countListed(parameters, isArchived)) - inProjects;
  }

  return {
    *listConversations(
      { tenantId, userId }: Owner,
      { limit, offset, isPinned, isArchived, projectId }: ConversationListQuery,
    ): Operation<{ items: Conversation[]; total: number }> {
      const where = projectId === undefined ? "anywhere" : projectId === null ? "none" : "one";
      const page =
        pages[where][isArchived === undefined ? "all" : isArchived ? "archived" : "inUse"];
      const parameters = {
        ...{ tenantId, userId },
        pinnedFrom: isPinned === true ? 1 : 0,
        pinnedTo: isPinned === false ? 0 : 1,
      };
      const rows = yield* page.all({ ...parameters, projectId: projectId ?? "", limit, offset });
      const total = yield* totalOf(parameters, isArchived, projectId);
      return { items: rows.map(conversationOfArray), total };
    },
  };
}

/** Counts the conversations of one project, or of all projects (null), by the index of those that are in one. */
function createProjectCount(write: StatementWriter) {
  type Given = ListParameters & { projectId: string; archivedFrom: number; archivedTo: number };
  const statementOf = (isOne: boolean) =>
    write<Given>()((database, parameter, sql) =>
      database
        .selectFrom("conversations")
        .select((expression) => expression.fn.countAll<number>().as("total"))
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("is_hidden", "=", sql.lit(0))
        .$if(isOne, (query) => query.where("project_id", "=", parameter.projectId))
        .$if(!isOne, (query) => query.where("project_id", "is not", null))
        .where("is_archived", ">=", parameter.archivedFrom)
        .where("is_archived", "<=", parameter.archivedTo)
        .where("is_pinned", ">=", parameter.pinnedFrom)
        .where("is_pinned", "<=", parameter.pinnedTo),
    );
  const ofOne = statementOf(true);
  const ofAll = statementOf(false);
  return function* countInProjects(
    parameters: ListParameters,
    isArchived: boolean | undefined,
    projectId: string | null,
  ): Operation<number> {
    const counted = yield* (projectId === null ? ofAll : ofOne).first({
      ...parameters,
      projectId: projectId ?? "",
      archivedFrom: isArchived === true ? 1 : 0,
      archivedTo: isArchived === false ? 0 : 1,
    });
    return Number(counted?.total ?? 0);
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
