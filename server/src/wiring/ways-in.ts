import { createBrowserEntry } from "../core/access/browser-entry.ts";
import { createClaim } from "../core/access/claim.ts";
import { createInstallationSecret } from "../core/access/installation-secret.ts";
import { createInvitations } from "../core/access/invitations.ts";
import { createKeys } from "../core/access/keys.ts";
import type { DeriveSession, MintSession } from "../ports/browser-sessions.ts";
import type { ClaimCode } from "../ports/claim-code.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { MintInvitation } from "../ports/invitation-store.ts";
import type { MintKey } from "../ports/key-mint.ts";
import type { MintSecret } from "../ports/secret-store.ts";
import type { Store } from "../ports/store.ts";
import type { WireParts } from "./wires.ts";

export type WaysInParts = {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly mintKey: MintKey;
  readonly mintSecret: MintSecret;
  /** Null: none is shown, and the first key is made by the command line. */
  readonly claimCode: ClaimCode | null;
  /** What makes the secrets of invitations and of sessions, and finds the hash of either. */
  readonly sessionMints: {
    readonly mintSession: MintSession;
    readonly deriveSession: DeriveSession;
    readonly mintInvitation: MintInvitation;
    readonly hashOf: (secret: string) => string;
  };
};

/** What operators give people to get in by: keys and invitations; and what browsers do with the latter. */
export function createWaysIn(
  parts: WaysInParts,
): Pick<WireParts, "keys" | "takesClaimCode" | "invitations" | "browserEntry"> {
  const { store, clock, newId, mintKey, mintSecret, claimCode, sessionMints } = parts;
  const { mintSession, deriveSession, mintInvitation, hashOf } = sessionMints;
  const claim = createClaim(claimCode, clock);
  return {
    keys: createKeys({ store, clock, newId, mint: mintKey, claim }),
    takesClaimCode: claim.isOpen,
    invitations: createInvitations({ store, clock, newId, mint: mintInvitation }),
    browserEntry: createBrowserEntry({
      ...{ store, clock, newId, mint: mintSession, derive: deriveSession, hashOf },
      installationSecret: createInstallationSecret(store, mintSecret, "invitations"),
    }),
  };
}
