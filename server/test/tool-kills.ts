// What kills of servers with tools have in common: the process, and a server of tools that counts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { COMPILED } from "./cli-runner.ts";

const PROGRAM = fileURLToPath(new URL("tool-process.ts", import.meta.url));

/** Starts a server with the tools `repeatable` and `once`; resolves when it listens. */
export async function startToolProcess(environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILED, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const ready = once(child.stdout, "data");
  await Promise.race([
    ready,
    exited.then(() => {
      throw new Error("The server does not start");
    }),
  ]);
  const kill = async () => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    await exited;
  };
  return { kill, [Symbol.asyncDispose]: kill };
}

/** A server of tools: counts each call by its key, and can hold the answers. */
export async function startCounter() {
  const counts = new Map<string, number>();
  let waiting: (() => void)[] = [];
  let held: (() => void)[] = [];
  let isHolding = false;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    const key = `${url.pathname.slice(1)} ${url.searchParams.get("key")}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const answer = () => response.end(`answer ${counts.get(key)}`);
    if (isHolding) held.push(answer);
    else answer();
    for (const resolve of waiting.splice(0)) resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    /** From now on nothing is answered until `release`. */
    hold() {
      isHolding = true;
    },
    release() {
      isHolding = false;
      for (const answer of held) answer();
      held = [];
    },
    /** Resolves once there were so many calls, repeated ones included. */
    async called(count: number): Promise<void> {
      const total = () => [...counts.values()].reduce((sum, each) => sum + each, 0);
      while (total() < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    forget() {
      counts.clear();
      waiting = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
