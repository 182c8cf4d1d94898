import type { Credential } from "../../domain/access.ts";
import { AppError } from "../../domain/errors.ts";
import type { OneReply, Principal } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ticket, TicketMint, TicketStore } from "../../ports/tickets.ts";
import type { Idempotency } from "../../ports/turn-requests.ts";
import type { SessionWatch } from "./session-watch.ts";

export type IssuedTicket = {
  readonly ticket: string;
  /** The time before which the ticket must be used for the first time. */
  readonly expiresAt: Date;
  /** The time until which the ticket can be used again; null: it can be used only once. */
  readonly usableUntil: Date | null;
};

/** A credential for a page, which cannot send headers with a socket or an EventSource and must not put a key into an address. */
export type Tickets = {
  /**
   * @param onlyReply the reply that the ticket lets its owner watch; null: the ticket opens one socket
   * @throws AppError conflict where the idempotency key was used already
   */
  issue(
    principal: Principal,
    onlyReply: OneReply | null,
    idempotency?: Idempotency | null,
  ): Promise<IssuedTicket>;
  /** What a ticket for a socket is worth, this once. @throws AppError unauthenticated, unavailable */
  redeem(ticket: string): Promise<Credential>;
  /** What a ticket for a reply is worth now. A client that lost its connection shows the same ticket again. @throws AppError unauthenticated, unavailable */
  open(ticket: string): Promise<Credential>;
  /**
   * A secret for somebody else's browser, which opens sessions as the principal until it expires.
   * @param session a JSON object
   */
  issueSecret(
    principal: Principal,
    session: string,
    goodForMs: number,
  ): Promise<{ readonly secret: string; readonly expiresAt: Date }>;
  /**
   * What such a secret is worth, and its session.
   * @param advice a sentence that says where another one is to be had
   * @throws AppError unauthenticated, unavailable
   */
  openSecret(
    secret: string,
    advice: string,
  ): Promise<{ readonly credential: Credential; readonly session: string }>;
};

const GOOD_FOR_MS = 30_000;
/** A ticket for a reply is part of an address, so it is valid no longer than a reply can take. */
const MAX_WATCH_MS = 60 * 60_000;

export function createTickets(parts: {
  readonly store: TicketStore;
  readonly clock: Pick<Clock, "now">;
  readonly sessionWatch: Pick<SessionWatch, "isGood">;
  readonly mint: TicketMint;
}): Tickets {
  const { store, clock, sessionWatch, mint } = parts;

  /** @param refusal what is wrong, and where another one is to be had */
  const credentialFor = async (found: Ticket | null, refusal: string): Promise<Credential> => {
    if (!found || !(await sessionWatch.isGood(found.proof)))
      throw new AppError("unauthenticated", refusal);
    const { tenantId, userId, proof, isOperator, models, stream } = found;
    return {
      kind: "redeemed",
      verified: { tenantId, userId, proof, isOperator, models, subject: null, actAs: false },
      onlyReply: stream && { conversationId: stream.conversationId, replyId: stream.replyId },
    };
  };

  return {
    async issue({ tenantId, userId, proof, isOperator, models }, onlyReply, idempotency) {
      const now = clock.now();
      const { secret, hash } = mint.mint();
      const expiresAt = new Date(now.getTime() + GOOD_FOR_MS);
      const until = new Date(now.getTime() + MAX_WATCH_MS);
      const stream = onlyReply && { ...onlyReply, until };
      await store.createTicket(
        { hash, tenantId, userId, proof, isOperator, models, expiresAt, stream, session: null },
        now,
        idempotency,
      );
      return { ticket: secret, expiresAt, usableUntil: stream && until };
    },
    async issueSecret({ tenantId, userId, proof, models }, session, goodForMs) {
      const now = clock.now();
      const { secret, hash } = mint.mintSecret();
      const expiresAt = new Date(now.getTime() + goodForMs);
      const owner = { tenantId, userId, proof, models, isOperator: false };
      await store.createTicket({ hash, ...owner, expiresAt, stream: null, session }, now);
      return { secret, expiresAt };
    },
    async openSecret(secret, advice) {
      const found = await store.findSecret(mint.hashOf(secret), clock.now());
      const refusal = `This client secret has expired, or never was one. ${advice}`;
      const credential = await credentialFor(found, refusal);
      return { credential, session: found?.session ?? "{}" };
    },
    async redeem(ticket) {
      return credentialFor(
        await store.takeTicket(mint.hashOf(ticket), clock.now()),
        "This ticket was used, has expired, or never was one. Each opens one socket within 30 s; POST /v1/chat/tickets gives another",
      );
    },
    async open(ticket) {
      return credentialFor(
        await store.openTicket(mint.hashOf(ticket), clock.now()),
        "This ticket was used, has expired, or never was one. One for a stream is opened within 30 s, and then again for an hour; POST /v1/chat/tickets with conversation_id gives another",
      );
    },
  };
}
