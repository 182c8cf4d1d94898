import { open } from "node:fs/promises";
import { isIPv4, isIPv6 } from "node:net";
import { endianness } from "node:os";

/** One end of a TCP connection of this machine. */
export type Endpoint = { readonly address: string; readonly port: number };

/** Linux's list of sockets, as far as it says who has them. */
export type SocketTable = {
  /**
   * The user id of the program that holds a socket; null where there is no such socket, or where its
   * program has closed it.
   * @param local its own end. @param remote the other end. @throws Error if the list cannot be read
   */
  ownerOf(local: Endpoint, remote: Endpoint): Promise<number | null>;
};

const CHUNK_BYTES = 64 * 1024;
/** Of each file: more than 400,000 sockets. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A socket that the kernel moves while the list is read can be left out of it. */
const MAX_SCANS = 2;

/** What the rows of each file have instead of an IPv4 address: it, or that address as IPv6 has it. */
const FILES = [
  { name: "tcp", bytes: 4 },
  { name: "tcp6", bytes: 16 },
] as const;

type Sought = {
  /** The two ends as rows have them, in each of FILES; null: the address cannot be in that one. */
  readonly keys: readonly (string | null)[];
  readonly resolve: (uid: number | null) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Reads `tcp` and `tcp6` of that folder. The files are as long as there are sockets, so one reading serves
 * everybody who has asked before it began, only one runs at a time, in the thread pool, and then there is a
 * pause of the same length.
 */
export function createSocketTable(folder = "/proc/net"): SocketTable {
  let waiting: Sought[] = [];
  let isReading = false;

  const look = (keys: Sought["keys"]): Promise<number | null> =>
    new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      if (!isReading) void readForAll();
    });

  async function readForAll(): Promise<void> {
    isReading = true;
    while (waiting.length > 0) {
      const asked = waiting;
      waiting = [];
      const startedAt = performance.now();
      await readFor(folder, asked).catch((error: Error) => {
        for (const { reject } of asked) reject(error);
      });
      const tookMs = performance.now() - startedAt;
      if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
    }
    isReading = false;
  }

  return {
    async ownerOf(local, remote) {
      const keys = FILES.map(({ bytes }) => keyOf(local, remote, bytes));
      for (let scan = 1; ; scan++) {
        const uid = await look(keys);
        if (uid !== null || scan === MAX_SCANS) return uid;
      }
    },
  };
}

/** Answers all of them. @throws Error */
async function readFor(folder: string, asked: readonly Sought[]): Promise<void> {
  const unanswered = new Set(asked);
  for (const [index, { name, bytes }] of FILES.entries()) {
    const byKey = new Map<string, Sought[]>();
    for (const one of unanswered) {
      const key = one.keys[index];
      if (key) byKey.set(key, [...(byKey.get(key) ?? []), one]);
    }
    if (byKey.size === 0) continue;
    for await (const row of rowsOf(`${folder}/${name}`)) {
      const at = row.indexOf(": ") + 2;
      const found = byKey.get(row.slice(at, at + keyCharacters(bytes)));
      if (!found) continue;
      const uid = ownerIn(row.slice(at + keyCharacters(bytes)));
      for (const one of found) {
        unanswered.delete(one);
        one.resolve(uid);
      }
      if (unanswered.size === 0) return;
    }
  }
  for (const { resolve } of unanswered) resolve(null);
}

/** Without IPv6 there is no `tcp6`: a file that is not there has no rows. */
async function* rowsOf(path: string): AsyncGenerator<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && path.endsWith("6")) return null;
    throw error;
  });
  if (!file) return;
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = "";
    let bytesSoFar = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      bytesSoFar += bytesRead;
      if (bytesSoFar > MAX_BYTES) throw new Error(`${path} is too long`);
      const rows = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
      rest = rows.pop() ?? "";
      yield* rows;
    }
  } finally {
    await file.close();
  }
}

/**
 * The user id in what a row has after its two ends: state, queues, timer, retransmissions, user id, time-out, inode.
 * Of a socket that its program has closed the row says user 0 and inode 0, whoever that was.
 */
function ownerIn(columns: string): number | null {
  const [, , , , uid = "", , inode = ""] = columns.trim().split(/ +/);
  return /^\d+$/.test(uid) && /^[1-9]\d*$/.test(inode) ? Number(uid) : null;
}

const keyCharacters = (bytes: number): number => 2 * (2 * bytes + ":FFFF".length) + 1;

/** `0100007F:1F90 0100007F:A2C4`, as a row has the two ends. */
function keyOf(local: Endpoint, remote: Endpoint, bytes: number): string | null {
  const ends = [local, remote].map(({ address, port }) => {
    const hex = hexOf(address, bytes);
    return hex && `${hex}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  });
  return ends.includes(null) ? null : ends.join(" ");
}

/** The address in words of 32 bits, each in the machine's own order of bytes. */
function hexOf(address: string, length: number): string | null {
  const bytes = bytesOf(address);
  const is4 = bytes.subarray(0, 12).equals(MAPPED);
  if (bytes.length !== 16 || (length === 4 && !is4)) return null;
  const wanted = Buffer.from(bytes.subarray(16 - length));
  if (endianness() === "LE") wanted.swap32();
  return wanted.toString("hex").toUpperCase();
}

const MAPPED = Buffer.from("00000000000000000000ffff", "hex");

/** The 16 bytes of an IPv6 address, or of an IPv4 address as IPv6 has it; empty: it is neither. */
function bytesOf(address: string): Buffer {
  const plain = address.replace(/%.*$/, "");
  const dotted = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (isIPv4(plain)) return Buffer.concat([MAPPED, Buffer.from(plain.split(".").map(Number))]);
  if (!isIPv6(plain)) return Buffer.alloc(0);
  const groups = dotted
    ? plain.replace(
        dotted,
        Buffer.from(dotted.split(".").map(Number)).toString("hex").replace(/^..../, "$&:"),
      )
    : plain;
  const [head = "", tail] = groups.split("::");
  const before = head ? head.split(":") : [];
  const after = tail ? tail.split(":") : [];
  const middle = tail === undefined ? [] : Array(8 - before.length - after.length).fill("0");
  const all = [...before, ...middle, ...after];
  return Buffer.from(all.map((group) => String(group).padStart(4, "0")).join(""), "hex");
}
