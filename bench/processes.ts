import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree } from "./accounting.ts";

export type ProcessPlan = {
  readonly name: string;
  /** The one processor it may use, or `any`. */
  readonly processor: number | "any";
  /** Arguments of Node: the file to run, and what to tell it. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
};

const processorsOf = (processor: number | "any"): string =>
  processor === "any" ? `0-${cpus().length - 1}` : String(processor);

const running = new Set<ChildProcess>();

/** Nothing that we started outlives us. */
export function endProcessesOnExit(): void {
  process.on("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
}

/** A process with an almost empty environment, in a folder without a .env file, so that what it is not told is at its default. */
export class ServerProcess {
  readonly plan: ProcessPlan;
  readonly #child: ChildProcess;

  constructor(plan: ProcessPlan) {
    this.plan = plan;
    const log = openSync(plan.logFile, "w");
    const { PATH = "", HOME = "/" } = process.env;
    this.#child = spawn(
      "taskset",
      ["-c", processorsOf(plan.processor), process.execPath, ...plan.arguments],
      {
        cwd: dirname(plan.logFile),
        env: { PATH, HOME, ...plan.environment },
        stdio: ["ignore", log, log],
      },
    );
    running.add(this.#child);
    this.#child.on("exit", () => running.delete(this.#child));
  }

  get id(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.plan.name} could not be started`);
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @throws Error with the end of its log when it ends, or does not answer in time. */
  async waitUntilReady(
    port: number,
    path: string,
    timeoutMs = 60_000,
    intervalMs = 50,
  ): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs && !this.hasEnded) {
      const status = await fetch(`http://127.0.0.1:${port}${path}`).then(
        async (response) => {
          await response.body?.cancel();
          return response.status;
        },
        () => 0,
      );
      if (status > 0 && status < 500) return;
      await sleep(intervalMs);
    }
    const reason = this.hasEnded ? "ended" : `did not answer within ${timeoutMs / 1000} s`;
    throw new Error(`${this.plan.name} ${reason}. The end of its log:\n${this.logTail()}`);
  }

  /** Resolves to the exit code of a process that ends by itself. */
  async waitForEnd(): Promise<number> {
    if (!this.hasEnded) await once(this.#child, "exit");
    return this.#child.exitCode ?? 1;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const members = processTree(this.id);
    this.#child.kill("SIGTERM");
    const hasEnded = await Promise.race([
      once(this.#child, "exit").then(() => true),
      sleep(10_000, false, { ref: false }),
    ]);
    if (hasEnded) return;
    for (const member of members) killIfThere(member);
    await this.waitForEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  logTail(): string {
    return readFileSync(this.plan.logFile, "utf8").trim().split("\n").slice(-15).join("\n");
  }
}

function killIfThere(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** All threads of this process, and what they start, on one processor from here on. */
export function pinOurselves(processor: number): void {
  execFileSync("taskset", ["-acp", String(processor), String(process.pid)], { stdio: "ignore" });
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
