// Clients of every wire at once, which note what was acknowledged to them.
import type { Acknowledge, CrashClient } from "./crash-client.ts";
import { type Documents, newDocuments } from "./documents.ts";
import { findWires, merged } from "./wire-tests.ts";

const CLIENTS_PER_WIRE = 2;
const ENOUGH_TO_RUN = 12;
const CRASH_LOADS = merged(await findWires(), ({ crashLoad }) => crashLoad);

/** Sends through every wire until it is stopped or the server is gone. */
export function startLoad(
  url: string,
  acknowledged: Map<string, string>,
  clients: Readonly<Record<string, CrashClient>> = CRASH_LOADS,
  documents: Documents = newDocuments(),
) {
  const stopping = new AbortController();
  const { promise: running, resolve } = Promise.withResolvers<void>();
  let count = 0;
  /** Those whose share of the load is still to come. */
  const silent = new Set(Object.keys(clients));
  for (const wire of acknowledged.values()) silent.delete(wire);
  const acknowledge: Acknowledge = (marker, wire) => {
    acknowledged.set(marker, wire);
    silent.delete(wire);
    if (++count >= ENOUGH_TO_RUN && silent.size === 0) resolve();
  };
  const loop = async (client: CrashClient) => {
    while (!stopping.signal.aborted) {
      try {
        await client(url, acknowledge, stopping.signal, documents);
      } catch {
        return;
      }
    }
  };
  const loops = Object.values(clients).flatMap((client) =>
    Array.from({ length: CLIENTS_PER_WIRE }, () => loop(client)),
  );
  return {
    /** Resolves once a few messages were acknowledged, and one by each client in this load or before; or every client gave up. */
    running: Promise.race([running, Promise.all(loops)]),
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
