import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";

type ConversationParameters = { tenantId: string; userId: string; id: string };

export function createTitleReads(write: StatementWriter) {
  const selectNamed = write<ConversationParameters>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select("is_named_by_words")
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  return {
    *isNamedByWords({ tenantId, userId }: Owner, id: string): Operation<boolean> {
      return (yield* selectNamed.first({ tenantId, userId, id }))?.is_named_by_words === 1;
    },
  };
}

export function createTitleWrites(write: StatementWriter, changes: TextChanges) {
  const name = write<ConversationParameters & { title: string }>()((database, parameter) =>
    database
      .updateTable("conversations")
      .set({ title: parameter.title, is_named_by_words: 0 })
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("is_named_by_words", "=", 1),
  );
  return {
    *nameConversation(owner: Owner, id: string, title: string): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* name.run({ tenantId, userId, id, title })) === 0) return false;
      yield* changes.titleChanged(owner, id);
      return true;
    },
  };
}
