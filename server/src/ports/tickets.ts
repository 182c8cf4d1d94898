import type { Proof } from "../domain/principal.ts";

/** A right to open one socket, soon. */
export type Ticket = {
  /** SHA-256 of the ticket, lower-case hex. */
  readonly hash: string;
  readonly tenantId: string;
  readonly userId: string;
  /** Of the credential that it was got with. */
  readonly proof: Proof;
  readonly isOperator: boolean;
  readonly expiresAt: Date;
};

export interface TicketStore {
  /** Forgets those that have expired, too. */
  createTicket(ticket: Ticket, now: Date): Promise<void>;
  /** Gives each ticket once, on whichever replica; null if it was taken, has expired or never was. */
  takeTicket(hash: string, now: Date): Promise<Ticket | null>;
}

/** Makes a secret that nobody can guess, or finds the hash of one. */
export type TicketMint = {
  mint(): { readonly secret: string; readonly hash: string };
  hashOf(secret: string): string;
};
