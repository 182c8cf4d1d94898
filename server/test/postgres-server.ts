// A real PostgreSQL for tests: Debian's, on a port and in a folder of its own.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { atExit } from "./at-exit.ts";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const NOBODY = 65_534;
const ADMINISTRATOR = "administrator";

const binaries = [
  ...globSync("/usr/lib/postgresql/*/bin/pg_ctl").sort().reverse(),
  ...(process.env.PATH ?? "").split(delimiter).flatMap((it) => globSync(join(it, "pg_ctl"))),
].map((path) => dirname(path))[0];

export const skipWithoutPostgres = (): string | false =>
  skipUnless(
    binaries !== undefined || process.env.TEST_DATABASE_URL !== undefined,
    "PostgreSQL is not installed: apt-get install postgresql, or set TEST_DATABASE_URL",
  );

export type PostgresServer = {
  readonly port: number;
  /** The process that starts the others. */
  readonly pid: () => number;
  /** Of its administrator, who may everything. */
  readonly url: string;
  /** `fast` ends every connection and closes; `immediate` is a crash. */
  stop(mode: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  /** A standby becomes the primary. */
  promote(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** It will not run as root: then somebody else does it. */
function unprivilegedUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const found = spawnSync("id", ["-u", "postgres"], { encoding: "utf8" });
  const uid = found.status === 0 ? Number(found.stdout) : NOBODY;
  return { uid, gid: uid === NOBODY ? NOBODY : uid };
}

/** Where programs are run, and as whom: PostgreSQL's folders belong to whoever runs it. */
type Place = { readonly home: string; readonly uid?: number; readonly gid?: number };

function makePlace(): Place {
  const home = mkdtempSync(join(tmpdir(), "colloquy-postgres-"));
  const user = unprivilegedUser();
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid ?? user.uid);
  return { home, ...user };
}

/** The path of a program of PostgreSQL's. */
function programOf(name: string): string {
  if (!binaries) throw new Error(String(skipWithoutPostgres()));
  return join(binaries, name);
}

async function run({ home, ...user }: Place, program: string, args: readonly string[]) {
  const env = { PATH: process.env.PATH, LC_ALL: "C.UTF-8" };
  const child = spawn(program, args, { cwd: home, stdio: "ignore", env, ...user });
  const [code] = await once(child, "exit");
  if (code !== 0)
    throw new Error(`${program} ${args[0]} ended with ${code}; its log is in ${home}`);
}

let cluster: Promise<string> | undefined;

/**
 * The data folder of a cluster that nobody has started yet: that of TEST_POSTGRES_CLUSTER, or else one that this process
 * makes once. Every server begins with a copy, because that takes a small part of the time that making one takes.
 */
export function emptyCluster(): Promise<string> {
  const given = process.env.TEST_POSTGRES_CLUSTER;
  cluster ??= given ? Promise.resolve(given) : makeCluster();
  return cluster;
}

async function makeCluster(): Promise<string> {
  const place = makePlace();
  atExit(() => rmSync(place.home, { recursive: true, force: true }));
  const data = join(place.home, "data");
  const options = ["-U", ADMINISTRATOR, "-A", "trust", "-E", "UTF8", "--no-sync"];
  await run(place, programOf("initdb"), ["-D", data, ...options]);
  return data;
}

/**
 * Starts one; it is stopped and its folder deleted when disposed, or with this process.
 * @param more further settings, as `["shared_preload_libraries=pg_stat_statements"]`
 */
export const startPostgres = (more: readonly string[] = []): Promise<PostgresServer> =>
  startServer(more, async (place, data) =>
    run(place, "cp", ["-a", "--reflink=auto", await emptyCluster(), data]),
  );

/** A copy of that one, which follows it until it is promoted. */
export const startStandby = ({ port }: PostgresServer): Promise<PostgresServer> =>
  startServer([], (place, data) =>
    run(place, programOf("pg_basebackup"), [
      ...["-D", data, "-h", "127.0.0.1", "-p", String(port), "-U", ADMINISTRATOR],
      ...["-R", "-c", "fast"],
    ]),
  );

async function startServer(
  more: readonly string[],
  make: (place: Place, data: string) => Promise<void>,
): Promise<PostgresServer> {
  const control = programOf("pg_ctl");
  const place = makePlace();
  const { home, ...user } = place;
  const data = join(home, "data");
  const port = await freePort();
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`,
    "-c fsync=on -c max_connections=300 -c shared_buffers=64MB",
    ...more.map((setting) => `-c ${setting}`),
  ].join(" ");
  const start = () =>
    run(place, control, ["start", "-D", data, "-w", "-l", join(home, "log"), "-o", settings]);
  const stopping = (mode: string) => ["stop", "-D", data, "-w", "-m", mode];

  await make(place, data);
  await start();
  const clear = () => {
    spawnSync(control, stopping("immediate"), { cwd: home, stdio: "ignore", ...user });
    rmSync(home, { recursive: true, force: true });
  };
  const takeBack = atExit(clear);
  return {
    port,
    pid: () => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    url: `postgres://${ADMINISTRATOR}@127.0.0.1:${port}/postgres`,
    stop: (mode) => run(place, control, stopping(mode)),
    start,
    promote: () => run(place, control, ["promote", "-D", data, "-w"]),
    async [Symbol.asyncDispose]() {
      takeBack();
      await run(place, control, stopping("immediate")).catch(() => {});
      rmSync(home, { recursive: true, force: true });
    },
  };
}
