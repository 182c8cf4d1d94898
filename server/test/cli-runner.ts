// The real command line: as a process of its own, or one command after the other in a process that has it loaded.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { clockEnvironment } from "./test-clock.ts";
import type { CommandRun, CommandToRun } from "./warm-command.ts";

export const COMMAND = fileURLToPath(new URL("../bin/colloquy.js", import.meta.url));

/** Starting takes half the time when the code is compiled already. */
export const COMPILED = fileURLToPath(
  new URL("../../node_modules/.cache/colloquy-test", import.meta.url),
);

export type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A folder of its own, gone with its block: where commands run, with `data` in it as the data folder. */
export async function workFolder() {
  const path = await mkdtemp(join(tmpdir(), "colloquy-cli-"));
  const data = join(path, "data");
  return {
    path,
    data,
    file: (name: string) => join(path, name),
    /** Runs `colloquy` with just these settings besides, and waits until it has nothing open any more. */
    run: (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
      options.input === undefined
        ? runWarm({ cwd: path, args, environment: environmentOf(data, options) })
        : finish(start(path, data, args, options), options.input),
    /** The same in a process of its own, as a shell starts it. */
    runProcess: (args: readonly string[], options: RunOptions = {}) =>
      finish(start(path, data, args, options), options.input ?? ""),
    start: (args: readonly string[], options: RunOptions = {}) => start(path, data, args, options),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export type WorkFolder = Awaited<ReturnType<typeof workFolder>>;

export type RunOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string | Buffer;
};

const environmentOf = (data: string, { environment }: RunOptions) => ({
  PATH: process.env.PATH,
  ...clockEnvironment,
  NODE_COMPILE_CACHE: COMPILED,
  DATA_DIR: data,
  OLLAMA_BASE_URL: "http://127.0.0.1:9",
  ...environment,
});

function start(
  cwd: string,
  data: string,
  args: readonly string[],
  options: RunOptions,
): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: environmentOf(data, options),
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Processes that have the command line loaded and nothing to do. */
const idle: ChildProcess[] = [];

async function runWarm(command: CommandToRun): Promise<CommandRun> {
  const child =
    idle.pop() ??
    fork(join(import.meta.dirname, "warm-command.ts"), {
      env: { PATH: process.env.PATH, ...clockEnvironment, NODE_COMPILE_CACHE: COMPILED },
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  child.ref();
  child.channel?.ref();
  child.send(command);
  const result = await new Promise<CommandRun>((resolve, reject) => {
    const gone = (code: number | null) =>
      reject(new Error(`colloquy ${command.args.join(" ")} ended its process with ${code}`));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      resolve(message as CommandRun);
    });
  });
  // It ends with this process, which does not wait for it.
  child.unref();
  child.channel?.unref();
  idle.push(child);
  return result;
}

/** Waits for its end, having given it all of its input. */
export async function finish(child: ChildProcess, input: string | Buffer | null): Promise<Ended> {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("it was started without pipes");
  stdin.on("error", () => {});
  if (input !== null) stdin.end(input);
  const [[code], out, error] = await Promise.all([
    once(child, "close"),
    text(stdout),
    text(stderr),
  ]);
  return { code: code as number | null, stdout: out, stderr: error };
}

/** Between two questions: whoever asks without a pause takes a processor from what is waited for. */
const BETWEEN_QUESTIONS_MS = 10;
/** Only failures take all of it. */
const PATIENCE_MS = 20_000;

/** Asks again and again until the answer is as wanted. */
export async function eventually(
  isSo: () => Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("it did not come to that in time");
    await sleep(BETWEEN_QUESTIONS_MS);
  }
}
