import type { AbandonedReply } from "../../../ports/store.ts";
import type { createReplicaWrites } from "./replicas.ts";
import type { Writer } from "./writer.ts";

/** This server's place among those that share the database. */
export type Lease = {
  /** Says that this server lives, and ends the replies of those that do not. */
  interruptAbandonedReplies(now: Date): Promise<readonly AbandonedReply[]>;
  /** Says farewell: what it left can be ended at once. */
  end(): Promise<void>;
};

/**
 * Of a lease: a server that could not say for longer that it lives has been without the database, as
 * others may have been from a little earlier on, whose leases are over by now.
 */
const MAX_GAP_SHARE = 0.5;

/** @param writer one that nothing else waits for: who cannot say in time that it lives is taken for dead */
export function createLease(
  writer: Writer,
  replicas: ReturnType<typeof createReplicaWrites>,
  replica: number,
  leaseMs: number,
): Lease {
  /** Since when it has said so without a gap. */
  let aliveSince = performance.now();
  let renewedAt = aliveSince;

  return {
    async interruptAbandonedReplies(now) {
      await writer.write("replicas", () => replicas.renewLease(replica));
      if (performance.now() - renewedAt > leaseMs * MAX_GAP_SHARE) aliveSince = performance.now();
      renewedAt = performance.now();
      // After a time without the database, others that live may not have come to say so.
      const isSure = renewedAt - aliveSince > leaseMs;
      const ended = await writer.write("replicas", () =>
        replicas.interruptOrphans(now, isSure, replica),
      );
      return ended as AbandonedReply[];
    },

    async end() {
      await writer.write("replicas", () => replicas.removeReplica(replica));
    },
  };
}
