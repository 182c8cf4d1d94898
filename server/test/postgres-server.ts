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

/**
 * Starts one; it is stopped and its folder deleted when disposed, or with this process.
 * @param more further settings, as `["shared_preload_libraries=pg_stat_statements"]`
 */
export const startPostgres = (more: readonly string[] = []): Promise<PostgresServer> =>
  startServer(more, (data) => [
    "initdb",
    ["-D", data, "-U", ADMINISTRATOR, "-A", "trust", "-E", "UTF8", "--no-sync"],
  ]);

/** A copy of that one, which follows it until it is promoted. */
export const startStandby = ({ port }: PostgresServer): Promise<PostgresServer> =>
  startServer([], (data) => [
    "pg_basebackup",
    ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-U", ADMINISTRATOR, "-R", "-c", "fast"],
  ]);

async function startServer(
  more: readonly string[],
  make: (data: string) => [program: string, args: readonly string[]],
): Promise<PostgresServer> {
  if (!binaries) throw new Error(String(skipWithoutPostgres()));
  const bin = binaries;
  const home = mkdtempSync(join(tmpdir(), "colloquy-postgres-"));
  const data = join(home, "data");
  const user = unprivilegedUser();
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid ?? user.uid);
  const options = { cwd: home, stdio: "ignore", ...user } as const;
  const port = await freePort();

  async function run(program: string, args: readonly string[]): Promise<void> {
    const child = spawn(join(bin, program), args, { ...options, env: { LC_ALL: "C.UTF-8" } });
    const [code] = await once(child, "exit");
    if (code !== 0)
      throw new Error(`${program} ${args[0]} ended with ${code}; its log is in ${home}`);
  }
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`,
    "-c fsync=on -c max_connections=300 -c shared_buffers=64MB",
    ...more.map((setting) => `-c ${setting}`),
  ].join(" ");
  const start = () =>
    run("pg_ctl", ["start", "-D", data, "-w", "-l", join(home, "log"), "-o", settings]);
  const stopping = (mode: string) => ["stop", "-D", data, "-w", "-m", mode];

  await run(...make(data));
  await start();
  const clear = () => {
    spawnSync(join(bin, "pg_ctl"), stopping("immediate"), options);
    rmSync(home, { recursive: true, force: true });
  };
  const takeBack = atExit(clear);
  return {
    port,
    pid: () => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    url: `postgres://${ADMINISTRATOR}@127.0.0.1:${port}/postgres`,
    stop: (mode) => run("pg_ctl", stopping(mode)),
    start,
    promote: () => run("pg_ctl", ["promote", "-D", data, "-w"]),
    async [Symbol.asyncDispose]() {
      takeBack();
      await run("pg_ctl", stopping("immediate")).catch(() => {});
      rmSync(home, { recursive: true, force: true });
    },
  };
}
