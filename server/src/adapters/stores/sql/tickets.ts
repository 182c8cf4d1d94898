import type { Selectable } from "kysely";
import type { Proof } from "../../../domain/principal.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { Ticket } from "../../../ports/tickets.ts";
import { type Once, shownOnce } from "./once.ts";
import { fromPatterns, toPatterns } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

export function createTicketWrites(write: StatementWriter, once: Once) {
  const insert = write<{
    hash: string;
    tenantId: string;
    userId: string;
    proof: string;
    isOperator: number;
    expiresAt: number;
    conversationId: string | null;
    replyId: string | null;
    usableUntil: number | null;
    models: string | null;
    session: string | null;
  }>()((database, parameter) =>
    database.insertInto("tickets").values({
      hash: parameter.hash,
      tenant_id: parameter.tenantId,
      user_id: parameter.userId,
      proof: parameter.proof,
      is_operator: parameter.isOperator,
      expires_at: parameter.expiresAt,
      conversation_id: parameter.conversationId,
      reply_id: parameter.replyId,
      usable_until: parameter.usableUntil,
      models: parameter.models,
      session: parameter.session,
    }),
  );
  const take = write<{ hash: string }>()((database, parameter) =>
    database
      .deleteFrom("tickets")
      .where("hash", "=", parameter.hash)
      .where("reply_id", "is", null)
      .where("session", "is", null)
      .returningAll(),
  );
  const open = write<{ hash: string; now: number }>()((database, parameter) =>
    database
      .updateTable("tickets")
      .set(({ ref }) => ({ expires_at: ref("usable_until").$notNull() }))
      .where("hash", "=", parameter.hash)
      .where("reply_id", "is not", null)
      .where("expires_at", ">", parameter.now)
      .returningAll(),
  );
  const forget = write<{ now: number }>()((database, parameter) =>
    database.deleteFrom("tickets").where("expires_at", "<=", parameter.now),
  );

  return {
    *createTicket(ticket: Ticket, now: Date, idempotency?: Idempotency | null): Operation<void> {
      const { hash, tenantId, userId, isOperator, stream } = ticket;
      yield* once(ticket, idempotency, {
        id: hash,
        at: now,
        *make() {
          yield* forget.run({ now: now.getTime() });
          yield* insert.run({
            hash,
            tenantId,
            userId,
            proof: JSON.stringify(ticket.proof),
            isOperator: isOperator ? 1 : 0,
            expiresAt: ticket.expiresAt.getTime(),
            conversationId: stream?.conversationId ?? null,
            replyId: stream?.replyId ?? null,
            usableUntil: stream?.until.getTime() ?? null,
            models: fromPatterns(ticket.models),
            session: ticket.session,
          });
        },
        find() {
          throw shownOnce(
            "This Idempotency-Key has got a ticket already, and a ticket is shown only once. Ask for another with a new Idempotency-Key, or without one",
          );
        },
      });
    },

    *takeTicket(hash: string, now: Date): Operation<Ticket | null> {
      const row = yield* take.first({ hash });
      return row && Number(row.expires_at) > now.getTime() ? ticketOf(row) : null;
    },

    *openTicket(hash: string, now: Date): Operation<Ticket | null> {
      const row = yield* open.first({ hash, now: now.getTime() });
      return row ? ticketOf(row) : null;
    },
  };
}

export function createTicketReads(write: StatementWriter) {
  const find = write<{ hash: string }>()((database, parameter) =>
    database
      .selectFrom("tickets")
      .selectAll()
      .where("hash", "=", parameter.hash)
      .where("session", "is not", null),
  );
  return {
    *findSecret(hash: string, now: Date): Operation<Ticket | null> {
      const row = yield* find.first({ hash });
      return row && Number(row.expires_at) > now.getTime() ? ticketOf(row) : null;
    },
  };
}

function ticketOf(row: Selectable<Tables["tickets"]>): Ticket {
  const { hash, conversation_id: conversationId, reply_id: replyId, usable_until: until } = row;
  const isForReply = conversationId !== null && replyId !== null && until !== null;
  return {
    hash,
    tenantId: row.tenant_id,
    userId: row.user_id,
    proof: proofOf(row.proof),
    isOperator: Number(row.is_operator) !== 0,
    models: toPatterns(row.models),
    expiresAt: new Date(Number(row.expires_at)),
    session: row.session,
    stream: isForReply ? { conversationId, replyId, until: new Date(Number(until)) } : null,
  };
}

function proofOf(text: string): Proof {
  const proof = JSON.parse(text);
  return "expiresAt" in proof ? { ...proof, expiresAt: new Date(proof.expiresAt) } : proof;
}
