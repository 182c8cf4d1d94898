import type { ModelPatterns } from "./model-patterns.ts";
import type { OneReply, Proof } from "./principal.ts";
import type { OneShare } from "./share.ts";

/** Who is served without a credential: programs of this machine until the first key exists, those programs always, or anybody. */
export type AnonymousMode = "unclaimed" | "loopback" | "open";

/** The system user of the program at the other end of a connection. `own` means the server's own user or root. */
export type PeerOwner = "own" | "other" | "unknown";

/** The facts about a connection that do not depend on any claim of the client. */
export type ConnectionFacts = {
  /** The address of the client: that of the peer, or the one that a trusted proxy reports. */
  readonly address: string;
  /** The peer of the socket is on this machine. */
  readonly peerIsLoopback: boolean;
  /** The `Host` header has a local name or address of this machine. */
  readonly hostIsLocal: boolean;
  /** The evidence that the peer forwards requests of somebody else ("the header Via"); null if there is none. */
  readonly forwardedBy: string | null;
  /** `trusted` is our own origin or one of CORS_ORIGINS; `local` is a page of this machine at any port. */
  readonly origin: "absent" | "trusted" | "local" | "foreign";
  /** The secret of the session that a page of this server sends along in its cookie; null: there is none. */
  readonly sessionSecret: string | null;
  /** The name of the origin, short enough to be shown; null if it has none. */
  readonly originName: string | null;
  /** Determined once for a connection. It is only useful for peers on this machine. */
  peerOwner(): Promise<PeerOwner>;
};

export type Credential =
  | { readonly kind: "none" }
  /** An `Authorization` header of another form than `Bearer` with a token. */
  | { readonly kind: "malformed" }
  | { readonly kind: "bearer"; readonly token: string }
  /** A ticket that was found, with the only reply that it is for; null if it was a ticket for a socket, which is used up by that. */
  | {
      readonly kind: "redeemed";
      readonly verified: VerifiedCredential;
      readonly onlyReply: OneReply | null;
    }
  /** The token of a link that was found, with what the link shows. */
  | { readonly kind: "shared"; readonly shared: OneShare };

/** The result of checking a credential. */
export type VerifiedCredential = {
  readonly tenantId: string;
  readonly userId: string;
  /** Another name of the user that requests may claim: the subject of a token. Null if there is none. */
  readonly subject: string | null;
  readonly proof: Proof;
  /** The credential may act as any user of its tenant. */
  readonly actAs: boolean;
  readonly isOperator: boolean;
  /** The models that the credential may use; null means every model of the server. */
  readonly models: ModelPatterns | null;
};

/** The prefix of every client secret of the Realtime wire. */
export const SECRET_PREFIX = "ek_";

/** The prefix of every API key, which is followed by 256 random bits. */
export const KEY_PREFIX = "ck_";
