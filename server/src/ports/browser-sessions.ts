import type { BrowserSession } from "../domain/browser-session.ts";

/**
 * Which sessions end: one by its id, that of an invitation, those of a session or of a person of the provider's, or all that
 * came by a provider of another issuer.
 */
export type SessionsToEnd =
  | { readonly id: string }
  | { readonly invitationId: string }
  | { readonly providerSession: string }
  | { readonly subject: string }
  | { readonly notOfIssuer: string };

export interface BrowserSessionStore {
  /** Stores the session, and deletes those that have expired, or were ended a day before. */
  createBrowserSession(session: BrowserSession): Promise<void>;
  /** Null if there is none, or it has ended; one that has expired is given. */
  findBrowserSession(hash: string): Promise<BrowserSession | null>;
  /** Ends them for good, on every replica. @returns their number */
  endBrowserSessions(which: SessionsToEnd, at: Date): Promise<number>;
  /** The ids of those that were ended before they expired, at least for a day. */
  endedBrowserSessions(): Promise<readonly string[]>;
}

type SessionSecret = { readonly secret: string; readonly hash: string };

/** Makes the secret of a session: SESSION_PREFIX and 256 random bits. */
export type MintSession = () => SessionSecret;

/** Makes the secret of a session from texts: the same from the same ones, which nobody can compute without the key. */
export type DeriveSession = (key: string, texts: readonly string[]) => SessionSecret;
