// Debian's proxies as programs of their own, on ports of this machine alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const PATIENCE_MS = 30_000;

export type ProxyProgram = {
  /** Its command. */
  readonly name: string;
  /** Debian's package that has it. */
  readonly debianPackage: string;
  readonly configuration: (port: number, home: string) => string;
  readonly argumentsFor: (home: string, file: string) => readonly string[];
};

const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].flatMap((folder) =>
    globSync(join(folder, name)),
  )[0];

export const skipWithout = ({
  name,
  debianPackage,
}: Pick<ProxyProgram, "name" | "debianPackage">) =>
  skipUnless(
    findProgram(name) !== undefined,
    `${name} is not installed: apt-get install ${debianPackage}`,
  );

/**
 * A file of deploy/ with some of its lines replaced.
 * @throws Error a line is not there
 */
export function replaceLines(
  name: string,
  text: string,
  lines: readonly (readonly [found: RegExp, by: string])[],
): string {
  return lines.reduce((before, [found, by]) => {
    if (!found.test(before)) throw new Error(`deploy/${name} has no ${found}`);
    return before.replace(found, by);
  }, text);
}

/** Starts it, and waits until it listens. */
export async function startProxyProgram(program: ProxyProgram) {
  const { name, configuration, argumentsFor } = program;
  const binary = findProgram(name);
  if (!binary) throw new Error(String(skipWithout(program)));
  const home = mkdtempSync(join(tmpdir(), `colloquy-${name}-`));
  const port = await freePort();
  const file = join(home, "configuration");
  writeFileSync(file, configuration(port, home));
  const child = spawn(binary, argumentsFor(home, file), { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const atExit = () => child.kill("SIGKILL");
  process.once("exit", atExit);
  const exited = once(child, "exit");
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await isListening(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`${name} does not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      process.removeListener("exit", atExit);
      child.kill("SIGKILL");
      await exited;
      child.stderr.destroy();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isThere = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}
