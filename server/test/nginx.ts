// Debian's nginx with a configuration of a test's choice, on ports of this machine alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const RECIPE = new URL("../../deploy/nginx.conf", import.meta.url);
const PATIENCE_MS = 30_000;

const binary = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].flatMap((folder) =>
  globSync(join(folder, "nginx")),
)[0];

export const skipWithoutNginx = (): string | false =>
  skipUnless(binary !== undefined, "nginx is not installed: apt-get install nginx-light");

/** What is deployed, with other servers and its port on this machine alone. */
export function recipeFor(port: number, servers: readonly number[]): string {
  const replace = (text: string, found: RegExp, by: string): string => {
    if (!found.test(text)) throw new Error(`deploy/nginx.conf has no ${found}`);
    return text.replace(found, by);
  };
  let text = readFileSync(RECIPE, "utf8");
  text = replace(text, /^ {2}listen 80;$/m, `  listen 127.0.0.1:${port};`);
  text = replace(text, /^ {2}listen \[::\]:80;$/m, "");
  return replace(
    text,
    /^ {2}server 127\.0\.0\.1:8000;$/m,
    servers.map((server) => `  server 127.0.0.1:${server};`).join("\n"),
  );
}

/** @param locations what stands in its `server` block, besides the port */
export const startNginx = (locations: string) =>
  startNginxWith((port) => `server { listen 127.0.0.1:${port};\n${locations}\n}`);

/** @param blocks what stands in its `http` block, for the port that it is to listen on */
export async function startNginxWith(blocks: (port: number) => string) {
  if (!binary) throw new Error(String(skipWithoutNginx()));
  const home = mkdtempSync(join(tmpdir(), "colloquy-nginx-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${home}/${name};`)
    .join("\n");
  writeFileSync(
    join(home, "nginx.conf"),
    `daemon off;\nmaster_process off;\npid ${home}/nginx.pid;\nerror_log stderr warn;\n` +
      `events { worker_connections 1024; }\nhttp {\n  access_log off;\n${temporary}\n${blocks(port)}\n}\n`,
  );
  const child = spawn(binary, ["-p", home, "-c", join(home, "nginx.conf"), "-e", "stderr"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
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
      throw new Error(`nginx does not start:\n${output}`);
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
