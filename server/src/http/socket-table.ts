import { isIPv4, isIPv6 } from "node:net";
import { endianness } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import {
  type SocketKeys,
  type SocketOwners,
  type SocketQuestion,
  TABLE_FILES,
} from "./socket-table-messages.ts";

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
  close(): Promise<void>;
};

/** A socket that the kernel moves while the list is read can be left out of it. */
const MAX_SCANS = 2;

type Sought = {
  readonly keys: SocketKeys;
  readonly resolve: (uid: number | null) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Reads `tcp` and `tcp6` of that folder. The kernel gives these files 4 KiB at a time and takes tens of milliseconds for
 * thousands of sockets, so a thread of its own reads them, which starts with the first question. One reading serves
 * everybody who has asked before it began, only one runs at a time, and then there is a pause of the same length.
 */
export function createSocketTable(folder = "/proc/net"): SocketTable {
  let thread: Worker | null = null;
  let waiting: Sought[] = [];
  let asked: Sought[] = [];
  let askedAt = 0;
  let isPausing = false;

  const startThread = (): Worker => {
    // The extension is .ts in the sources and .js in what is published.
    const entry = new URL(`./socket-table-thread${extname(import.meta.url)}`, import.meta.url);
    const started = new Worker(entry, { execArgv: [] });
    started.on("message", answer);
    started.on("error", (error: Error) => fail(started, error));
    started.on("exit", () => fail(started, new Error("the thread has ended")));
    started.unref();
    return started;
  };

  function readForAll(): void {
    if (asked.length > 0 || isPausing || waiting.length === 0) return;
    asked = waiting;
    waiting = [];
    askedAt = performance.now();
    thread ??= startThread();
    // Only a question that somebody waits for keeps the process alive.
    thread.ref();
    thread.postMessage({ folder, keys: asked.map(({ keys }) => keys) } satisfies SocketQuestion);
  }

  function answer(owners: SocketOwners): void {
    const answered = asked;
    asked = [];
    thread?.unref();
    isPausing = true;
    setTimeout(() => {
      isPausing = false;
      readForAll();
    }, performance.now() - askedAt);
    for (const [index, { resolve, reject }] of answered.entries())
      if ("problem" in owners) reject(new Error(owners.problem));
      else resolve(owners.userIds[index] ?? null);
  }

  function fail(ended: Worker, error: Error): void {
    if (ended !== thread) return;
    thread = null;
    const unanswered = [...asked, ...waiting];
    asked = [];
    waiting = [];
    for (const { reject } of unanswered) reject(error);
  }

  const look = (keys: SocketKeys): Promise<number | null> =>
    new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      readForAll();
    });

  return {
    async ownerOf(local, remote) {
      const keys = TABLE_FILES.map(({ bytes }) => keyOf(local, remote, bytes));
      for (let scan = 1; ; scan++) {
        const uid = await look(keys);
        if (uid !== null || scan === MAX_SCANS) return uid;
      }
    },
    async close() {
      await thread?.terminate();
    },
  };
}

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
