// The information of Linux (/proc) about other programs and their sockets. Programs of other users show less.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { endianness } from "node:os";

/** One row of the kernel's table of TCP sockets. */
export type TcpSocket = {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: "listening" | "connected" | "other";
  readonly userId: number;
  readonly inode: string;
};

export type Program = {
  /** The short name, such as `nginx`. */
  readonly name: string;
  readonly userId: number;
  readonly words: readonly string[];
  /** The inodes of its sockets; null if this user may not see them. */
  readonly sockets: ReadonlySet<string> | null;
};

const STATES: Readonly<Record<string, TcpSocket["state"]>> = {
  "01": "connected",
  "0A": "listening",
};

/** @throws Error where there is no /proc/net */
export function tcpSockets(): TcpSocket[] {
  const rows = ["tcp", "tcp6"].flatMap((name) => {
    try {
      return readFileSync(`/proc/net/${name}`, "latin1").split("\n").slice(1, -1);
    } catch (error) {
      // The file does not exist on a system without IPv6.
      if (name === "tcp6") return [];
      throw error;
    }
  });
  return rows.map((row) => {
    const [, local = "", remote = "", state = "", , , , userId = "", , inode = ""] = row
      .trim()
      .split(/ +/);
    return {
      localAddress: addressOf(local.split(":")[0] ?? ""),
      localPort: portOf(local),
      remotePort: portOf(remote),
      state: STATES[state] ?? "other",
      userId: Number(userId),
      inode,
    };
  });
}

const portOf = (end: string): number => Number.parseInt(end.split(":")[1] ?? "", 16);

/** The kernel writes words of 32 bits in the byte order of the machine. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  if (endianness() === "LE") bytes.swap32();
  if (bytes.length === 4) return bytes.join(".");
  return (bytes.toString("hex").match(/.{4}/g) ?? []).join(":");
}

/** The running programs with one of those names. */
export function programsNamed(names: ReadonlySet<string>): Program[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.flatMap((id): Program[] => {
    try {
      const name = readFileSync(`/proc/${id}/comm`, "utf8").trim();
      if (!names.has(name)) return [];
      const words = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0").slice(0, -1);
      return [{ name, userId: statSync(`/proc/${id}`).uid, words, sockets: socketsOf(id) }];
    } catch {
      // The process has ended in the meantime.
      return [];
    }
  });
}

function socketsOf(id: string): ReadonlySet<string> | null {
  try {
    const targets = readdirSync(`/proc/${id}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${id}/fd/${fd}`);
      } catch {
        return "";
      }
    });
    return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  } catch {
    return null;
  }
}
