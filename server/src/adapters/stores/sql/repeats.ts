import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency, RepeatedTurn } from "../../../ports/store.ts";
import { createConversationReads } from "./conversations.ts";
import { createKeyStatements } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import { createTurnReads } from "./turn-reads.ts";

/** Comes after every character of a key. */
const AFTER_ALL = "~";

export function createRepeatReads(write: StatementWriter) {
  const conversations = createConversationReads(write);
  const turns = createTurnReads(write);
  const keys = createKeyStatements(write);

  return {
    *lastKey({ tenantId, userId }: Owner, prefix: string, since: Date): Operation<string | null> {
      const beyond = `${prefix}${AFTER_ALL}`;
      const found = yield* keys.selectLast.first({ tenantId, userId, prefix, beyond });
      return found && found.created_at >= since.getTime() ? found.key : null;
    },

    /** The first turn of an idempotency key that was used before. */
    *findRepeated(owner: Owner, { key, fingerprint }: Idempotency): Operation<RepeatedTurn | null> {
      const { tenantId, userId } = owner;
      const used = yield* keys.select.first({ tenantId, userId, key });
      if (!used) return null;
      if (used.fingerprint !== fingerprint) return { kind: "conflict" };
      const turn = yield* turns.getTurn(owner, used.reply_id);
      if (!turn) return { kind: "not_found" };
      const conversation = yield* conversations.getConversation(owner, turn.reply.conversationId);
      return conversation ? { kind: "repeated", conversation, ...turn } : { kind: "not_found" };
    },
  };
}
