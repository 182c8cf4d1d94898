import type { Credential } from "../domain/access.ts";
import { AppError } from "../domain/errors.ts";

/** What a ticket is worth. @throws AppError unauthenticated, unavailable */
export type OpenTicket = (ticket: string) => Promise<Credential>;

/**
 * The credential of a request whose address may contain a ticket. A page cannot set headers there, and a
 * key in an address would stay in logs. @param tickets all that it shows. @throws AppError invalid_request
 */
export async function shownCredential(
  tickets: readonly string[],
  credential: Credential,
  openTicket: OpenTicket,
): Promise<Credential> {
  const [ticket, ...others] = tickets;
  if (ticket === undefined) return credential;
  if (credential.kind !== "none" || others.length)
    throw new AppError("invalid_request", "Send one credential: a ticket, or a key or token");
  return openTicket(ticket);
}
