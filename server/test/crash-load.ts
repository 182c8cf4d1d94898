// Clients of every wire at once, which note what was acknowledged to them.
import type { Acknowledge, CrashClient } from "./crash-client.ts";
import { findWires, merged } from "./wire-tests.ts";

const CLIENTS_PER_WIRE = 2;
const ENOUGH_TO_RUN = 12;
const CRASH_LOADS = Object.values(merged(await findWires(), ({ crashLoad }) => crashLoad));

/** Sends through every wire until it is stopped or the server is gone. */
export function startLoad(
  url: string,
  acknowledged: Map<string, string>,
  clients: readonly CrashClient[] = CRASH_LOADS,
) {
  const stopping = new AbortController();
  const { promise: running, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const acknowledge: Acknowledge = (marker, wire) => {
    acknowledged.set(marker, wire);
    if (++count === ENOUGH_TO_RUN) resolve();
  };
  const loop = async (client: CrashClient) => {
    while (!stopping.signal.aborted) {
      try {
        await client(url, acknowledge, stopping.signal);
      } catch {
        return;
      }
    }
  };
  const loops = clients.flatMap((client) =>
    Array.from({ length: CLIENTS_PER_WIRE }, () => loop(client)),
  );
  return {
    /** Resolves once a few messages were acknowledged, or every client gave up. */
    running: Promise.race([running, Promise.all(loops)]),
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
