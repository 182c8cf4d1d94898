import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../config/config.ts";
import { addressOf } from "./checks/running-server.ts";
import { type Command, readArguments, UsageError } from "./command.ts";
import { environmentOfProcess } from "./environment.ts";
import { createGateway, type RemoteServer } from "./mcp/gateway.ts";
import { linesOf } from "./mcp/lines.ts";
import { errorMessage, INVALID_REQUEST } from "./mcp/messages.ts";
import { fileProblem } from "./wording.ts";

const HELP = `colloquy mcp: your conversations as an MCP server on standard input and output

  colloquy mcp
  COLLOQUY_KEY=ck_… colloquy mcp --url https://chat.example
  colloquy mcp --url https://chat.example --key-file ~/.colloquy-key

  --url URL        the server to ask (COLLOQUY_URL; default: the one on PORT of
                   this machine)
  --key-file FILE  a file with the key to show there (default: COLLOQUY_KEY). Until
                   the first key is made, a server of this machine needs none
  --user ID        the user to act as, where the key may act for others

For programs that start their MCP servers themselves. It passes each message on to
a running server, by its address /mcp, and ends when its input ends. Standard
output has messages of the protocol and nothing else.
`;

const OPTIONS = {
  url: { type: "string" },
  "key-file": { type: "string" },
  user: { type: "string" },
} as const;

const PATH = "/mcp";
const MAX_LINE_BYTES = 2 * 1024 * 1024;
/** Requests that are being answered, at a time. */
const MAX_WAITING = 64;
/** How long answers are waited for after the input has ended. */
const PATIENCE_MS = 5_000;

export const mcp: Command = async (args) => {
  const parsed = readArguments(args, OPTIONS, HELP);
  if (!parsed) return 0;
  const { url, "key-file": keyFile, user } = parsed.values;
  const server = await serverOf(url, keyFile, user);
  const write = (message: unknown) => void process.stdout.write(`${JSON.stringify(message)}\n`);
  const gateway = createGateway(server, write);
  const passing = new Set<Promise<void>>();
  for await (const line of linesOf(process.stdin, MAX_LINE_BYTES)) {
    if (line === null) {
      write(errorMessage(null, INVALID_REQUEST, `A line has at most ${MAX_LINE_BYTES} bytes`));
      continue;
    }
    const one = gateway.pass(line).finally(() => passing.delete(one));
    passing.add(one);
    if (passing.size >= MAX_WAITING) await Promise.race(passing);
  }
  const late = new AbortController();
  const patience = sleep(PATIENCE_MS, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([Promise.all(passing), patience]);
  late.abort();
  gateway.close();
  await Promise.all(passing);
  return 0;
};

/** @throws UsageError, ConfigError, Error in words */
async function serverOf(
  named: string | undefined,
  keyFile: string | undefined,
  user: string | undefined,
): Promise<RemoteServer> {
  const environment = environmentOfProcess();
  const key = keyFile === undefined ? environment.COLLOQUY_KEY : await keyIn(keyFile);
  return {
    url: addressOfWire(named ?? environment.COLLOQUY_URL ?? localServer(environment)),
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(user && { "x-user-id": user }),
    },
  };
}

async function keyIn(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw fileProblem(error, file);
  }
}

/** The server of these settings. @throws UsageError where its address is unknown */
function localServer(environment: Readonly<Record<string, string | undefined>>): string {
  const { host, port, tls } = readConfig(environment);
  // A certificate has the server's public name.
  if (tls) throw new UsageError("Say where the server is, by the name in its certificate: --url.");
  if (port === 0) throw new UsageError("PORT=0 says nothing of the server's port. Name it: --url.");
  return `http://${addressOf(host)}:${port}`;
}

/** @throws UsageError */
function addressOfWire(server: string): string {
  const url = URL.parse(server);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`'${server}' is no address of a server, such as https://chat.example.`);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith(PATH) ? path : path + PATH;
  return url.href;
}
