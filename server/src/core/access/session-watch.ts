import type { AnonymousMode } from "../../domain/access.ts";
import { Places } from "../../domain/places.ts";
import type { Principal, Proof } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Credentials } from "../../ports/credentials.ts";

/** Watches the credentials behind open requests and sockets, and tells when one is no longer valid. */
export type SessionWatch = {
  /**
   * Calls `onLost`, once, within a second of the credential's end: a key that is revoked (by whichever
   * process), a token that expires, a server that is claimed. @returns ends the watch
   */
  watch(principal: Principal, onLost: () => void): () => void;
  /** Whether the credential is valid at this moment. @throws AppError unavailable */
  isGood(proof: Proof): Promise<boolean>;
  /** Checks the watched credentials several times a second, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const LOOK_MS = 300;

type Watched = { readonly proof: Proof; readonly onLost: () => void; leave: () => void };

export function createSessionWatch(
  credentials: Credentials,
  clock: Clock,
  options: { readonly anonymous: AnonymousMode },
): SessionWatch {
  const watched = new Places<Watched>();

  /** Credentials of these kinds are watched; each kind may read the store. */
  const lossOf = async (kinds: ReadonlySet<Proof["kind"]>): Promise<(proof: Proof) => boolean> => {
    const revoked = kinds.has("key") ? await credentials.revokedKeys() : null;
    const ended = kinds.has("session") ? await credentials.endedSessions() : null;
    const isClosed =
      kinds.has("none") && options.anonymous !== "loopback" && (await credentials.isClaimed());
    const now = clock.now();
    return (proof) => {
      if (proof.kind === "key") return revoked?.has(proof.keyId) ?? false;
      if (proof.kind === "token") return proof.expiresAt <= now;
      if (proof.kind === "session")
        return proof.expiresAt <= now || (ended?.has(proof.sessionId) ?? false);
      return proof.kind === "none" && isClosed;
    };
  };

  const look = async () => {
    const kinds = new Set<Proof["kind"]>();
    for (const { proof } of watched) kinds.add(proof.kind);
    const isLost = await lossOf(kinds);
    for (const one of watched)
      if (isLost(one.proof)) {
        one.leave();
        one.onLost();
      }
  };

  return {
    watch({ proof }, onLost) {
      const one: Watched = { proof, onLost, leave: () => {} };
      one.leave = watched.add(one);
      return one.leave;
    },
    async isGood(proof) {
      return !(await lossOf(new Set([proof.kind])))(proof);
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(LOOK_MS, signal).catch(() => {});
        // If the store does not answer, the next round asks again; new requests are refused meanwhile.
        if (watched.size) await look().catch(() => {});
      }
    },
  };
}
