import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { Config } from "../../config/config.ts";
import { COMMAND } from "../../domain/command.ts";
import { listed } from "../wording.ts";
import { type Finding, fine, warning } from "./finding.ts";
import { type Program, programsNamed, type TcpSocket, tcpSockets } from "./processes.ts";

const CHECK = "proxies";
const PATIENCE_MS = 2000;
const MAX_DOORS = 64;
const ROOT = 0;
const REMEDY = `make a key, so that nobody is served without one: ${COMMAND} keys create --name me`;

/** Proxies usually accept connections on this machine, tunnels usually elsewhere. */
const FORWARDERS: ReadonlySet<string> = new Set([
  ...["nginx", "haproxy", "caddy", "traefik", "envoy", "apache2", "httpd", "lighttpd", "squid"],
  ...["varnishd", "h2o", "socat", "ncat", "stunnel", "stunnel4", "gost", "redir", "rinetd"],
  ...["ssh", "autossh", "cloudflared", "ngrok", "frpc", "chisel", "zrok", "bore", "rathole"],
  ...["inlets", "tailscaled", "pagekite", "wstunnel"],
]);
/** Every server runs one. It only forwards if it has a connection to its destination. */
const SSH_SERVERS: ReadonlySet<string> = new Set(["sshd", "sshd-session"]);

type Door = { readonly program: Program; readonly address: string; readonly port: number };

/**
 * Checks which proxies and tunnels of this machine lead to the server, and whether the server mistakes their clients for
 * programs of this machine. The check only applies if a server runs and serves such programs without a key.
 */
export async function checkForwarders(config: Config, isClaimed: boolean): Promise<Finding[]> {
  if (isClaimed && config.anonymous !== "loopback") return [];
  if (process.platform !== "linux")
    return [
      warning(
        CHECK,
        "this system does not say which programs pass on to the server, so none was looked for",
        REMEDY,
      ),
    ];
  const sockets = tcpSockets();
  const own = sockets.find(
    ({ state, localPort }) => state === "listening" && localPort === config.port,
  );
  if (!own || config.port === 0) return [];
  const trusted = new Set([own.userId, ROOT]);
  const programs = programsNamed(new Set([...FORWARDERS, ...SSH_SERVERS]));
  const connected = programs.filter(({ sockets: held }) =>
    sockets.some(
      ({ state, remotePort, inode }) =>
        state === "connected" && remotePort === config.port && held?.has(inode),
    ),
  );
  const doors = doorsOf(programs, sockets, config.port);
  const led = await Promise.all(
    doors.slice(0, MAX_DOORS).map(async (door) => ({ door, answer: await askAt(door, isClaimed) })),
  );
  const leading = led.filter(({ answer }) => answer !== "elsewhere");
  const open = leading.filter(({ answer }) => answer === "served");
  const findings = open.map(({ door: { program, port } }) =>
    warning(
      CHECK,
      `${program.name} at port ${port} leads to a Colloquy server, which takes whoever comes through it for a program of this machine and serves them without a key`,
      REMEDY,
    ),
  );
  const known = new Set(leading.map(({ door }) => kindOf(door.program)));
  const namesWithWorkers = new Set(
    programs.filter(({ userId }) => !trusted.has(userId)).map(({ name }) => name),
  );
  const isSuspect = (program: Program): boolean => {
    if (!trusted.has(program.userId) || known.has(kindOf(program))) return false;
    if (connected.includes(program)) return true;
    if (SSH_SERVERS.has(program.name)) return false;
    // If the workers run as another user, the process of root only supervises them.
    const isHidden = program.sockets === null && !namesWithWorkers.has(program.name);
    return isHidden || namesPort(program, config.port);
  };
  const names = [...new Set(programs.filter(isSuspect).map(({ name }) => name))];
  if (names.length > 0)
    findings.push(
      warning(
        CHECK,
        `${listed(names)} ${names.length === 1 ? "runs" : "run"} as the server's user or root and may pass on to the server; whoever comes through then needs no key, unless a header tells of it`,
        REMEDY,
      ),
    );
  if (findings.length > 0) return findings;
  const refused = leading.map(({ door: { program, port } }) => `${program.name} at port ${port}`);
  const seen =
    refused.length > 0
      ? `nobody is served without a key through what leads here: ${listed(refused)}`
      : "no known proxy or tunnel was found that leads here";
  return [
    fine(
      CHECK,
      `${seen}; programs of other names, and tunnels that are not open now, cannot be seen`,
    ),
  ];
}

/** Processes with the same name and user belong together. */
const kindOf = ({ name, userId }: Program): string => `${userId} ${name}`;

const namesPort = ({ words }: Program, port: number): boolean =>
  words.some((word) => new RegExp(`(?<!\\d)${port}(?!\\d)`).test(word));

/** The addresses at which those programs listen. */
function doorsOf(
  programs: readonly Program[],
  sockets: readonly TcpSocket[],
  ownPort: number,
): Door[] {
  const doors = new Map<number, Door>();
  for (const { state, inode, localAddress, localPort } of sockets) {
    if (state !== "listening" || localPort === ownPort) continue;
    const program = programs.find((one) => one.sockets?.has(inode));
    const isEveryAddress = /^[0.:]+$/.test(localAddress);
    const address = isEveryAddress ? "127.0.0.1" : localAddress;
    if (program) doors.set(localPort, { program, address, port: localPort });
  }
  return [...doors.values()];
}

type DoorAnswer = "elsewhere" | "refused" | "served";

/** Whether Colloquy answers at the address, and whether it serves clients without a key. */
async function askAt(door: Door, isClaimed: boolean): Promise<DoorAnswer> {
  for (const request of [httpRequest, httpsRequest]) {
    const health = await ask(request, door, "/health");
    if (!health?.isColloquy) continue;
    // Before the first key exists, wire 004 accepts any token from programs of this machine, and none from others.
    const { status } =
      (await ask(
        request,
        door,
        isClaimed ? "/conversations?user_id=colloquy-doctor" : "/v1/chat/conversations?limit=1",
        isClaimed ? {} : { authorization: "Bearer local" },
      )) ?? {};
    return status === 200 ? "served" : "refused";
  }
  return "elsewhere";
}

type Answer = { readonly status: number; readonly isColloquy: boolean };

/** Sends the request of a stranger who knows that the server has a local name. Null if there was no HTTP response. */
function ask(
  request: typeof httpRequest | typeof httpsRequest,
  { address, port }: Door,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer | null> {
  const options = {
    host: address,
    port,
    path,
    headers: { host: "localhost", ...headers },
    agent: false,
    signal: AbortSignal.timeout(PATIENCE_MS),
    // A proxy with a certificate for another name, or a self-signed one, leads to the server as well.
    rejectUnauthorized: false,
  } as const;
  return new Promise((resolve) => {
    request(options, (response) => {
      const { statusCode = 0, headers: given } = response;
      const isColloquy = String(given["x-request-id"] ?? "").startsWith("req_");
      text(response).then(
        () => resolve({ status: statusCode, isColloquy }),
        () => resolve(null),
      );
    })
      .on("error", () => resolve(null))
      .end();
  });
}
