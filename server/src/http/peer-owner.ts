import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { PeerOwner } from "../domain/access.ts";
import { createSocketTable } from "./socket-table.ts";

const ROOT = 0;
const EVERY_USER = /^\s*0\s+0\s+4294967295\s*$/;

/** The owner of each connection's peer, for as long as the connection lasts. */
const known = new WeakMap<Socket, Promise<PeerOwner>>();

/**
 * The owner of the program at the other end of a connection from this machine. Only Linux tells; on other
 * systems every program counts as the server's own.
 */
export function peerOwnerOf(socket: Socket): Promise<PeerOwner> {
  if (process.platform !== "linux") return Promise.resolve("own");
  const before = known.get(socket);
  if (before) return before;
  const asking = lookUp(socket).catch(() => "unknown" as const);
  known.set(socket, asking);
  // A list that could not be read now may be readable for the next request.
  void asking.then((owner) => owner === "unknown" && known.delete(socket));
  return asking;
}

const sockets = createSocketTable();

async function lookUp(socket: Socket): Promise<PeerOwner> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return "unknown";
  const uid = await sockets.ownerOf(
    { address: remoteAddress, port: remotePort },
    { address: localAddress, port: localPort },
  );
  if (uid === null) return "unknown";
  trusted ??= trustedUsers();
  return trusted.has(uid) ? "own" : "other";
}

let trusted: ReadonlySet<number> | null = null;

/**
 * The server's own user, and root. In a user namespace, which containers have, root is whoever made it,
 * its forwarder of ports included, and users from outside all look like the overflow user: neither counts there.
 */
function trustedUsers(): ReadonlySet<number> {
  const users = new Set<number>();
  const own = process.geteuid?.();
  if (own !== undefined) users.add(own);
  if (EVERY_USER.test(readOr("/proc/self/uid_map", ""))) users.add(ROOT);
  else users.delete(Number(readOr("/proc/sys/kernel/overflowuid", "65534")));
  return users;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
