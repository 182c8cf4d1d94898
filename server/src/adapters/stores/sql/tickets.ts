import type { Proof } from "../../../domain/principal.ts";
import type { Ticket } from "../../../ports/tickets.ts";
import type { Operation, StatementWriter } from "./statement.ts";

export function createTicketWrites(write: StatementWriter) {
  const insert = write<{
    hash: string;
    tenantId: string;
    userId: string;
    proof: string;
    isOperator: number;
    expiresAt: number;
  }>()((database, parameter) =>
    database.insertInto("tickets").values({
      hash: parameter.hash,
      tenant_id: parameter.tenantId,
      user_id: parameter.userId,
      proof: parameter.proof,
      is_operator: parameter.isOperator,
      expires_at: parameter.expiresAt,
    }),
  );
  const take = write<{ hash: string }>()((database, parameter) =>
    database.deleteFrom("tickets").where("hash", "=", parameter.hash).returningAll(),
  );
  const forget = write<{ now: number }>()((database, parameter) =>
    database.deleteFrom("tickets").where("expires_at", "<=", parameter.now),
  );

  return {
    *createTicket(ticket: Ticket, now: Date): Operation<void> {
      const { hash, tenantId, userId, isOperator } = ticket;
      yield* forget.run({ now: now.getTime() });
      yield* insert.run({
        hash,
        tenantId,
        userId,
        proof: JSON.stringify(ticket.proof),
        isOperator: isOperator ? 1 : 0,
        expiresAt: ticket.expiresAt.getTime(),
      });
    },

    *takeTicket(hash: string, now: Date): Operation<Ticket | null> {
      const row = yield* take.first({ hash });
      if (!row || Number(row.expires_at) <= now.getTime()) return null;
      return {
        hash,
        tenantId: row.tenant_id,
        userId: row.user_id,
        proof: proofOf(row.proof),
        isOperator: Number(row.is_operator) !== 0,
        expiresAt: new Date(Number(row.expires_at)),
      };
    },
  };
}

function proofOf(text: string): Proof {
  const proof = JSON.parse(text);
  return proof.kind === "token" ? { ...proof, expiresAt: new Date(proof.expiresAt) } : proof;
}
