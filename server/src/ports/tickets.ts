import type { ModelPatterns } from "../domain/model-patterns.ts";
import type { OneReply, Proof } from "../domain/principal.ts";
import type { Idempotency } from "./turn-requests.ts";

/** A right to open one socket, soon, to watch one reply for a while, or to open sessions of one kind for a while. */
export type Ticket = {
  /** SHA-256 of the ticket, lower-case hex. */
  readonly hash: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The credential with which the ticket was made. */
  readonly proof: Proof;
  readonly isOperator: boolean;
  readonly models: ModelPatterns | null;
  readonly expiresAt: Date;
  /** The reply that the ticket is for, and how long it is valid after its first use; null: it is for a socket. */
  readonly stream: (OneReply & { readonly until: Date }) | null;
  /** The session that it opens, as often as it is shown until it expires, as a JSON object; null: it is no client secret. */
  readonly session: string | null;
};

export interface TicketStore {
  /** Stores the ticket, and deletes expired ones. */
  createTicket(ticket: Ticket, now: Date, idempotency?: Idempotency | null): Promise<void>;
  /** Returns each ticket for a socket once, on whichever replica; null if it was used, has expired or never existed. */
  takeTicket(hash: string, now: Date): Promise<Ticket | null>;
  /** Gives a ticket for a reply as often as it is asked for; from the first time on it expires at `stream.until`. */
  openTicket(hash: string, now: Date): Promise<Ticket | null>;
  /** A client secret that has not expired. */
  findSecret(hash: string, now: Date): Promise<Ticket | null>;
}

/** Makes a secret that nobody can guess, or finds the hash of one. */
export type TicketMint = {
  mint(): { readonly secret: string; readonly hash: string };
  /** Begins with SECRET_PREFIX. */
  mintSecret(): { readonly secret: string; readonly hash: string };
  hashOf(secret: string): string;
};
