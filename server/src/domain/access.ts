import type { ModelPatterns } from "./model-patterns.ts";
import type { OneReply, Proof } from "./principal.ts";

/** Who is served without a credential: until the first key, or in spite of it, programs of this machine; or anybody. */
export type AnonymousMode = "unclaimed" | "loopback" | "open";

/** Whose program is at the other end of a connection; `own`: the server's own user's, or root's. */
export type PeerOwner = "own" | "other" | "unknown";

/** What the server knows of a connection without believing anything that the client says of itself. */
export type ConnectionFacts = {
  /** The client's address: the peer's, or the one that a trusted proxy names. */
  readonly address: string;
  /** The peer of the socket is this machine. */
  readonly peerIsLoopback: boolean;
  /** The `Host` header names this machine by a local name or address. */
  readonly hostIsLocal: boolean;
  /** What says that the peer speaks for somebody else ("the header Via"); null: nothing does. */
  readonly forwardedBy: string | null;
  /** `trusted`: our own origin or one of CORS_ORIGINS; `local`: a page of this machine, at any port. */
  readonly origin: "absent" | "trusted" | "local" | "foreign";
  /** The origin's name, short enough to be shown; null: it has none. */
  readonly originName: string | null;
  /** Found out once for a connection; meant for peers of this machine. */
  peerOwner(): Promise<PeerOwner>;
};

export type Credential =
  | { readonly kind: "none" }
  /** An `Authorization` header that is not `Bearer` with a token. */
  | { readonly kind: "malformed" }
  | { readonly kind: "bearer"; readonly token: string }
  /** A ticket that was looked up, with the one reply that it is for; null: it is for a socket, and was taken. */
  | {
      readonly kind: "redeemed";
      readonly verified: VerifiedCredential;
      readonly onlyReply: OneReply | null;
    };

/** What a credential turned out to be worth. */
export type VerifiedCredential = {
  readonly tenantId: string;
  readonly userId: string;
  /** Another name for that user, which it may claim as well: the subject of a token. Null: none. */
  readonly subject: string | null;
  readonly proof: Proof;
  /** May claim any user of its tenant. */
  readonly actAs: boolean;
  readonly isOperator: boolean;
  /** The models that it may use; null: every model of the server. */
  readonly models: ModelPatterns | null;
};

/** How every API key begins; then come 256 random bits. */
export const KEY_PREFIX = "ck_";
