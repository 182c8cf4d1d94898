// A real Redis for tests: Debian's, on a port and in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { atExit } from "./at-exit.ts";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const PATIENCE_MS = 10_000;
const BETWEEN_ATTEMPTS_MS = 20;

const binary = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((it) => globSync(join(it, "redis-server")))[0];

export const skipWithoutRedis = (): string | false =>
  skipUnless(
    binary !== undefined || process.env.TEST_REDIS_URL !== undefined,
    "Redis is not installed: apt-get install redis-server, or set TEST_REDIS_URL",
  );

export type RedisServer = {
  readonly port: number;
  readonly url: string;
  /** SIGKILL. What it held is gone: it keeps nothing on disk. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: it hangs until `resume`. */
  pause(): void;
  resume(): void;
  /** Resolves once it has answered. */
  command(line: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

async function answerTo(port: number, command: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write(`${command}\r\n`);
    const [answer] = await once(socket, "data");
    return String(answer);
  } finally {
    socket.destroy();
  }
}

/** Resolves once it answers PING. */
async function ready(port: number): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      if ((await answerTo(port, "PING")).startsWith("+PONG")) return;
    } catch (error) {
      if (Date.now() > giveUpAt) throw new Error("Redis does not start", { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
  }
}

/**
 * Starts one; it is killed and its folder deleted when disposed, or with this process.
 * @param settings further ones, as on its command line: `["--maxmemory", "2mb"]`
 */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  if (!binary) throw new Error(String(skipWithoutRedis()));
  const program = binary;
  const home = mkdtempSync(join(tmpdir(), "colloquy-redis-"));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const args = [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", home],
    ...["--save", "", "--appendonly", "no", ...settings],
  ];

  async function start(): Promise<void> {
    // Redis does not start under a pretended clock, and needs none: it only counts what is left of a time.
    const { LD_PRELOAD: _, ...env } = process.env;
    child = spawn(program, args, { stdio: "ignore", env });
    child.unref();
    await ready(port);
  }
  async function kill(): Promise<void> {
    const killed = child;
    child = null;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    killed.ref();
    const exited = once(killed, "exit");
    killed.kill("SIGKILL");
    await exited;
  }
  const clear = () => {
    child?.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  };

  await start();
  const takeBack = atExit(clear);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async command(line) {
      await answerTo(port, line);
    },
    async [Symbol.asyncDispose]() {
      takeBack();
      await kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
