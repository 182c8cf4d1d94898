// A real proxy before several servers: Debian's haproxy with the configuration that we deploy.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const CONFIGURATION = new URL("../../deploy/haproxy.cfg", import.meta.url);
const PATIENCE_MS = 30_000;

const binary = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].flatMap((folder) =>
  globSync(join(folder, "haproxy")),
)[0];

export const skipWithoutHaproxy = (): string | false =>
  skipUnless(binary !== undefined, "haproxy is not installed: apt-get install haproxy");

export type ProxyOptions = {
  /** Says who the client is, as in production. Without it servers take the proxy for their client. */
  readonly forwards?: boolean;
};

/** What is deployed, with other servers and its port on this machine alone; each request goes to any of them. */
function configurationFor(
  port: number,
  servers: readonly number[],
  { forwards = false }: ProxyOptions = {},
): string {
  const replace = (text: string, found: RegExp, by: string): string => {
    if (!found.test(text)) throw new Error(`deploy/haproxy.cfg has no ${found}`);
    return text.replace(found, by);
  };
  let text = readFileSync(CONFIGURATION, "utf8");
  text = replace(text, /^ {2}bind :8000$/m, `  bind 127.0.0.1:${port}`);
  text = replace(text, /^ {2}balance leastconn$/m, "  balance random(1)");
  text = replace(
    text,
    /^ {2}server-template .*$/m,
    servers.map((server, index) => `  server replica${index} 127.0.0.1:${server}`).join("\n"),
  );
  text = replace(text, /^resolvers docker[\s\S]*$/m, "");
  if (forwards) return text;
  text = replace(text, /^ {2}http-request set-header X-Forwarded-For.*$/m, "");
  return replace(text, /^ {2}http-request set-header X-Forwarded-Proto.*$/m, "");
}

/** @param servers the ports of the servers, whether they listen already or not */
export async function startHaproxy(servers: readonly number[], options: ProxyOptions = {}) {
  if (!binary) throw new Error(String(skipWithoutHaproxy()));
  const home = mkdtempSync(join(tmpdir(), "colloquy-haproxy-"));
  const port = await freePort();
  const file = join(home, "haproxy.cfg");
  writeFileSync(file, configurationFor(port, servers, options));
  const child = spawn(binary, ["-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const atExit = () => child.kill("SIGKILL");
  process.once("exit", atExit);
  const exited = once(child, "exit");
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) break;
    if (child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`haproxy does not start:\n${output}`);
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
