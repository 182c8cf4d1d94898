// A process that runs one command of the command line after the other, as `colloquy` does: what it loads is loaded once.
// cli-runner.ts starts it.
import { Writable } from "node:stream";
import { main } from "../src/cli/main.ts";

export type CommandToRun = {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type CommandRun = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** How long after its end a command may have something open: a process of its own would not end before. */
const MAX_OPEN_MS = 10_000;
const EVERY_MS = 2;

/** Takes what is written to standard output or standard error. */
function capture(name: "stdout" | "stderr") {
  const pieces: Buffer[] = [];
  const value = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  Object.defineProperty(process, name, { value, configurable: true });
  return { text: () => Buffer.concat(pieces).toString("utf8") };
}

/** Resolves when no more keeps this process alive than before. @throws Error what still does */
async function closed(before: number): Promise<void> {
  const endsAt = performance.now() + MAX_OPEN_MS;
  for (;;) {
    const open = process.getActiveResourcesInfo();
    if (open.length <= before) return;
    if (performance.now() > endsAt) throw new Error(`it does not end: ${open.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

async function run({ cwd, args, environment }: CommandToRun): Promise<CommandRun> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined) process.env[name] = value;
  process.chdir(cwd);
  const stdout = capture("stdout");
  const stderr = capture("stderr");
  const before = process.getActiveResourcesInfo().length;
  const code = await main(args);
  await closed(before);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

process.on("disconnect", () => process.exit());
process.on("message", (command: CommandToRun) => {
  void run(command).then((result) => process.send?.(result));
});
