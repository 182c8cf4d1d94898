// The thread that reads Linux's list of sockets: the kernel's work for it would block the event loop.
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import {
  keyCharacters,
  type SocketKeys,
  type SocketOwners,
  type SocketQuestion,
  TABLE_FILES,
} from "./socket-table-messages.ts";

const CHUNK_BYTES = 64 * 1024;
/** The bound of each file, which holds more than 400,000 sockets. */
const MAX_BYTES = 64 * 1024 * 1024;

parentPort?.on("message", ({ folder, keys }: SocketQuestion) => {
  let owners: SocketOwners;
  try {
    owners = { userIds: ownersOf(folder, keys) };
  } catch (error) {
    owners = { problem: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(owners);
});

/** @throws Error if a file cannot be read */
function ownersOf(folder: string, asked: readonly SocketKeys[]): (number | null)[] {
  const userIds: (number | null)[] = asked.map(() => null);
  const unanswered = new Set(asked.keys());
  for (const [file, { name, bytes }] of TABLE_FILES.entries()) {
    const byKey = new Map<string, number[]>();
    for (const index of unanswered) {
      const key = asked[index]?.[file];
      if (key) byKey.set(key, [...(byKey.get(key) ?? []), index]);
    }
    if (byKey.size === 0) continue;
    for (const row of rowsOf(`${folder}/${name}`)) {
      const at = row.indexOf(": ") + 2;
      const found = byKey.get(row.slice(at, at + keyCharacters(bytes)));
      if (!found) continue;
      for (const index of found) {
        unanswered.delete(index);
        userIds[index] = ownerIn(row.slice(at + keyCharacters(bytes)));
      }
      if (unanswered.size === 0) return userIds;
    }
  }
  return userIds;
}

/** Without IPv6 there is no `tcp6`: a file that is not there has no rows. */
function* rowsOf(path: string): Generator<string> {
  const file = openIfThere(path);
  if (file === null) return;
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = "";
    let bytesSoFar = 0;
    for (;;) {
      const bytesRead = readSync(file, buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      bytesSoFar += bytesRead;
      if (bytesSoFar > MAX_BYTES) throw new Error(`${path} is too long`);
      const rows = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
      rest = rows.pop() ?? "";
      yield* rows;
    }
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing && path.endsWith("6")) return null;
    throw error;
  }
}

/**
 * The user id in what a row has after its two ends: state, queues, timer, retransmissions, user id, time-out, inode.
 * The row of a socket that its program has closed has user 0 and inode 0, whichever user that was.
 */
function ownerIn(columns: string): number | null {
  const [, , , , uid = "", , inode = ""] = columns.trim().split(/ +/);
  return /^\d+$/.test(uid) && /^[1-9]\d*$/.test(inode) ? Number(uid) : null;
}
