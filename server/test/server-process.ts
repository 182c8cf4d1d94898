// The real command as a process of its own, for tests that kill it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { COMMAND, COMPILED } from "./cli-runner.ts";
import { clockEnvironment } from "./test-clock.ts";

const PATIENCE_MS = 60_000;

/** Starts `colloquy serve` with just these settings; resolves when it says that it runs. */
export async function startProcess(
  environment: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  program = process.execPath,
) {
  const beganAt = performance.now();
  const child = spawn(program, [COMMAND, "serve", ...options], {
    env: {
      PATH: process.env.PATH,
      // A clock that the test itself moves is that process' own.
      ...(environment.FAKETIME_TIMESTAMP_FILE ? {} : clockEnvironment),
      NODE_COMPILE_CACHE: COMPILED,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  // What it started may outlive a killed server for a moment, and hold the other end of this.
  child.on("exit", () => child.stderr.destroy());
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The server does not start:\n${output}`)),
      PATIENCE_MS,
    );
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (!output.includes("Colloquy is running")) return;
      clearTimeout(timer);
      resolve();
    });
    child.on("exit", (code) => reject(new Error(`The server ended with ${code}:\n${output}`)));
  });
  return {
    url: `http://127.0.0.1:${environment.PORT}`,
    pid: child.pid ?? 0,
    readyMs: performance.now() - beganAt,
    /** What it says to whoever started it. */
    output: () => output,
    /** Ends it by SIGTERM. @returns all that it has logged */
    async terminateForLog(): Promise<string> {
      child.kill("SIGTERM");
      await once(child.stdout, "close");
      return log;
    },
    async kill() {
      child.kill("SIGKILL");
      child.stdout.destroy();
      await exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      child.stdout.destroy();
      await exited;
    },
    /** SIGTERM. @returns the exit code */
    async terminate(): Promise<number | null> {
      child.kill("SIGTERM");
      const [code] = await exited;
      child.stdout.destroy();
      return code as number | null;
    },
  };
}
