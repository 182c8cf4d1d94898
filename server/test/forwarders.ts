// Real proxies and tunnels before a server: each passes on what strangers send, as it is installed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

export const FORWARDERS = [
  "nginx, bare",
  "nginx, as usual",
  "haproxy, http",
  "haproxy, tcp",
  "socat, of another user",
  "socat, of the same user",
] as const;
export type ForwarderName = (typeof FORWARDERS)[number] | "socat, of the same user, TLS";

const NEEDED = [
  ...["/usr/sbin/nginx", "/usr/sbin/haproxy", "/usr/bin/socat", "/usr/bin/setpriv"],
  "/usr/bin/openssl",
];
const missing = NEEDED.filter((path) => !existsSync(path));

/** Why tests of them are skipped, or false. Only root starts programs as other users. */
export const withoutForwarders: string | false =
  process.getuid?.() !== 0
    ? "only root can start proxies as other users"
    : missing.length > 0 && `not installed: ${missing.join(", ")}`;
if (withoutForwarders && process.env.CI && missing.length) throw new Error(withoutForwarders);

const PATIENCE_MS = 60_000;
const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const USUAL = `proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";`;

const nginx = (folder: string, port: number, server: number, more: string) => `user www-data;
daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${server}; ${more} } } }
`;

const haproxy = (port: number, server: number, mode: string) => `global
  user haproxy
  group haproxy
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen colloquy
  bind 127.0.0.1:${port}
  server colloquy 127.0.0.1:${server}
`;

function commandOf(name: ForwarderName, folder: string, port: number, server: number): string[] {
  const file = join(folder, "configuration");
  const socat = [
    ...["socat", `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`],
    `TCP:127.0.0.1:${server}`,
  ];
  switch (name) {
    case "nginx, bare":
    case "nginx, as usual":
      writeFileSync(file, nginx(folder, port, server, name === "nginx, bare" ? "" : USUAL));
      return ["nginx", "-c", file, "-e", join(folder, "error.log")];
    case "haproxy, http":
    case "haproxy, tcp":
      writeFileSync(file, haproxy(port, server, name === "haproxy, tcp" ? "tcp" : "http"));
      return ["haproxy", "-f", file];
    case "socat, of another user":
      return ["setpriv", ...NOBODY, ...socat];
    case "socat, of the same user":
      return socat;
    case "socat, of the same user, TLS":
      makeCertificate(file);
      return [
        "socat",
        `OPENSSL-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,verify=0,cert=${file}.crt,key=${file}`,
        `TCP:127.0.0.1:${server}`,
      ];
  }
}

/** One that nobody has signed, with its key in `file`. */
function makeCertificate(file: string): void {
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", file, "-out", `${file}.crt`];
  execFileSync("openssl", ["req", "-x509", ...algorithm, "-subj", "/CN=chat.example", ...files], {
    stdio: "ignore",
  });
}

/** @param server the port to which everything is passed on */
export async function startForwarder(name: ForwarderName, server: number) {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-forwarder-"));
  const port = await freePort();
  const [command = "", ...args] = commandOf(name, folder, port, server);
  const env = { ...process.env, PATH: `/usr/sbin:/usr/bin:${process.env.PATH}` };
  const child: ChildProcess = spawn(command, args, { env, stdio: "ignore", detached: true });
  const exited = once(child, "exit");
  /** Its workers, too. */
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  process.once("exit", end);
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`${name} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    name,
    port,
    async [Symbol.asyncDispose]() {
      process.removeListener("exit", end);
      end();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isThere = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}
