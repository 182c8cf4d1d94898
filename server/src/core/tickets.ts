import type { VerifiedCredential } from "../domain/access.ts";
import { AppError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import type { Clock } from "../ports/clock.ts";
import type { TicketMint, TicketStore } from "../ports/tickets.ts";
import type { Standing } from "./standing.ts";

/** A credential for one socket of a page, which cannot send headers and must not put a key into an address. */
export type Tickets = {
  issue(principal: Principal): Promise<{ readonly ticket: string; readonly expiresAt: Date }>;
  /** What the ticket is worth, this once. @throws AppError unauthenticated, unavailable */
  redeem(ticket: string): Promise<VerifiedCredential>;
};

const GOOD_FOR_MS = 30_000;

export function createTickets(parts: {
  readonly store: TicketStore;
  readonly clock: Pick<Clock, "now">;
  readonly standing: Pick<Standing, "isGood">;
  readonly mint: TicketMint;
}): Tickets {
  const { store, clock, standing, mint } = parts;
  return {
    async issue({ tenantId, userId, proof, isOperator }) {
      const now = clock.now();
      const { secret, hash } = mint.mint();
      const expiresAt = new Date(now.getTime() + GOOD_FOR_MS);
      await store.createTicket({ hash, tenantId, userId, proof, isOperator, expiresAt }, now);
      return { ticket: secret, expiresAt };
    },
    async redeem(ticket) {
      const taken = await store.takeTicket(mint.hashOf(ticket), clock.now());
      if (!taken || !(await standing.isGood(taken.proof)))
        throw new AppError(
          "unauthenticated",
          "This ticket was used, has expired, or never was one. Each opens one socket within 30 s; POST /v1/chat/tickets gives another",
        );
      const { tenantId, userId, proof, isOperator } = taken;
      return { tenantId, userId, proof, isOperator, subject: null, actAs: false };
    },
  };
}
