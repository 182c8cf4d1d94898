// Clients of every wire, each a user of its own, whatever happens to the server.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { newDocuments } from "./documents.ts";
import { type FaultClient, type Load, type Notes, PAUSE_MS } from "./fault-client.ts";
import { findWires, merged } from "./wire-tests.ts";

/** By wire. */
export const FAULT_LOADS: Readonly<Record<string, FaultClient>> = merged(
  await findWires(),
  ({ faultLoad }) => faultLoad,
);

/** Begins; `stop` lets every client finish what it has begun. */
export function startFaultLoad(
  server: { readonly url: string; readonly port: number },
  {
    clientsPerWire,
    wires = FAULT_LOADS,
  }: {
    readonly clientsPerWire: number;
    /** Default: every wire. */
    readonly wires?: Readonly<Record<string, FaultClient>>;
  },
) {
  const stopping = new AbortController();
  const notes: Notes = {
    acknowledged: new Map(),
    wrong: [],
    refusals: new Map(),
    streams: 0,
    endings: new Map(),
    documents: newDocuments(),
  };
  const load: Load = { ...server, notes, signal: stopping.signal };
  const loop = async (client: FaultClient) => {
    const userId = randomUUID();
    while (!stopping.signal.aborted) {
      await client(load, userId);
      await sleep(PAUSE_MS);
    }
  };
  const loops = Object.entries(wires).flatMap(([name, client]) =>
    // A voice costs more than all the others.
    Array.from({ length: name === "voice" ? 1 : clientsPerWire }, () => loop(client)),
  );
  const failed = Promise.all(loops);
  failed.catch(() => {});
  return {
    notes,
    async stop() {
      stopping.abort();
      await failed;
    },
  };
}
