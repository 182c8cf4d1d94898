import type { Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** What is asked at the end may take so long to be answered. */
const MAX_PATIENCE_MS = 2_000;
const POLL_MS = 20;

/** Takes no more connections, and closes those on which nothing is asked. */
export function refuseConnections(server: Server): void {
  server.close();
  server.closeIdleConnections();
}

/** Lets what was asked on the connections of a server that takes no more be answered, and then cuts off the rest. */
export async function closeConnections(server: Server, patienceMs: number): Promise<void> {
  const deadlineMs = performance.now() + Math.min(patienceMs, MAX_PATIENCE_MS);
  while (performance.now() < deadlineMs && (await hasConnections(server))) {
    await pause(POLL_MS);
    server.closeIdleConnections();
  }
  server.closeAllConnections();
}

const hasConnections = (server: Server): Promise<boolean> =>
  new Promise((resolve) => {
    server.getConnections((error, connections) => resolve(!error && connections > 0));
  });
