import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import { type ListedShare, MAX_SHARES, type OneShare, type Share } from "../../../domain/share.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };

export function createShareReads(write: StatementWriter) {
  const selectByToken = write<{ token: string; now: number }>()((database, parameter) =>
    database
      .selectFrom("shares")
      .selectAll()
      .where("token", "=", parameter.token)
      .where("expires_at", ">", parameter.now),
  );
  const selectAll = write<OwnerParameters & { now: number }>()((database, parameter) =>
    database
      .selectFrom("shares")
      .innerJoin("conversations", (join) =>
        join
          .onRef("conversations.tenant_id", "=", "shares.tenant_id")
          .onRef("conversations.owner_id", "=", "shares.owner_id")
          .onRef("conversations.id", "=", "shares.conversation_id"),
      )
      .selectAll("shares")
      .select("conversations.title")
      .where("shares.tenant_id", "=", parameter.tenantId)
      .where("shares.owner_id", "=", parameter.userId)
      .where("shares.expires_at", ">", parameter.now)
      .orderBy("shares.created_at", "desc")
      .orderBy("shares.id"),
  );

  return {
    *findShare(token: string, now: Date): Operation<OneShare | null> {
      const row = yield* selectByToken.first({ token, now: now.getTime() });
      return row ? { tenantId: row.tenant_id, userId: row.owner_id, share: shareOf(row) } : null;
    },

    *listShares({ tenantId, userId }: Owner, now: Date): Operation<ListedShare[]> {
      const rows = yield* selectAll.all({ tenantId, userId, now: now.getTime() });
      return rows.map((row) => ({ ...shareOf(row), title: row.title }));
    },
  };
}

export function createShareWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  const insert = write<
    OwnerParameters & {
      id: string;
      token: string;
      conversationId: string;
      lastSequence: number;
      createdAt: number;
      expiresAt: number;
    }
  >()((database, parameter) =>
    database.insertInto("shares").values({
      tenant_id: parameter.tenantId,
      owner_id: parameter.userId,
      id: parameter.id,
      token: parameter.token,
      conversation_id: parameter.conversationId,
      last_sequence: parameter.lastSequence,
      created_at: parameter.createdAt,
      expires_at: parameter.expiresAt,
    }),
  );
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("shares")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  const selectConversation = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select("id")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  const count = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("shares")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const forgetExpired = write<OwnerParameters & { now: number }>()((database, parameter) =>
    database
      .deleteFrom("shares")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("expires_at", "<=", parameter.now),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("shares")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  return {
    *createShare(
      owner: Owner,
      share: Share,
      stamp: Stamp,
      idempotency?: Idempotency | null,
    ): Operation<Share> {
      const { tenantId, userId } = owner;
      const { id, token, conversationId, lastSequence, createdAt, expiresAt } = share;
      return yield* once(owner, idempotency, {
        id,
        at: createdAt,
        *make() {
          if (!(yield* selectConversation.first({ tenantId, userId, id: conversationId })))
            throw notFound("conversation");
          yield* forgetExpired.run({ tenantId, userId, now: createdAt.getTime() });
          if (Number((yield* count.first({ tenantId, userId }))?.total ?? 0) >= MAX_SHARES)
            throw new AppError(
              "conflict",
              `A user has at most ${MAX_SHARES} links. Revoke one that is not needed any more`,
            );
          yield* insert.run({
            tenantId,
            userId,
            id,
            token,
            conversationId,
            lastSequence,
            createdAt: createdAt.getTime(),
            expiresAt: expiresAt.getTime(),
          });
          yield* append(eventAbout("share_created", owner, id, stamp));
          return share;
        },
        *find(madeId) {
          const made = yield* selectById.first({ tenantId, userId, id: madeId });
          if (!made) throw notFound("share");
          return shareOf(made);
        },
      });
    },

    *deleteShare(owner: Owner, id: string, stamp: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      yield* append(eventAbout("share_revoked", owner, id, stamp));
      return true;
    },
  };
}

const shareOf = (row: Selectable<Tables["shares"]>): Share => ({
  id: row.id,
  token: row.token,
  conversationId: row.conversation_id,
  lastSequence: Number(row.last_sequence),
  createdAt: new Date(Number(row.created_at)),
  expiresAt: new Date(Number(row.expires_at)),
});
