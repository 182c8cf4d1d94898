/* What a server takes before anybody asks for anything: `npm run bench:start`, see README.md beside this file. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { useOfTree } from "./accounting.ts";
import { createConversations } from "./conversation-pool.ts";
import { DEFAULT_SETTINGS } from "./model-settings.ts";
import { endProcessesOnExit, findFreePort, ServerProcess } from "./processes.ts";
import { COLLOQUY_PROGRAM } from "./targets.ts";
import { chatV1Wire } from "./wires.ts";

const STARTS = 5;
/** After which nothing that belongs to the start is left to do. */
const SETTLE_MS = 4_000;
const OPEN = 1_000;
/** More than come while it is measured. */
const MAX_TOKENS = 600;

const directory = mkdtempSync(join(tmpdir(), "colloquy-bench-start-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
endProcessesOnExit();

const modelPort = await findFreePort();
await using model = new ServerProcess({
  name: "model",
  processor: "any",
  arguments: [join(import.meta.dirname, "model.ts"), "--port", String(modelPort)],
  environment: {},
  logFile: join(directory, "model.log"),
});
await model.waitUntilReady(modelPort, "/v1/models");

const show = (name: string, value: string): boolean =>
  process.stdout.write(`${name.padEnd(44)}${value}\n`);
const middleOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
const kilobytesOf = ({ id }: ServerProcess): number => useOfTree(id).residentKilobytes;

/** Starts a server at its defaults, except for limits and what `environment` says. */
async function start(
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
) {
  const port = await findFreePort();
  const startedAtMs = performance.now();
  const server = new ServerProcess({
    name: "colloquy",
    processor: "any",
    arguments: [...nodeOptions, COLLOQUY_PROGRAM, "serve"],
    environment: {
      PORT: String(port),
      DATA_DIR: join(directory, "data"),
      NODE_COMPILE_CACHE: join(directory, "compiled"),
      RATE_LIMITS: "off",
      ...environment,
    },
    logFile: join(directory, "colloquy.log"),
  });
  await server.waitUntilReady(port, "/health", 60_000, 10);
  const readyMs = performance.now() - startedAtMs;
  return { server, port, readyMs, cpuMs: useOfTree(server.id).cpuMicroseconds / 1000 };
}

const starts = [];
for (let count = 0; count <= STARTS; count++) {
  const { server, readyMs, cpuMs } = await start({});
  await sleep(SETTLE_MS);
  starts.push({ readyMs, cpuMs, megabytes: kilobytesOf(server) / 1024 });
  await server.stop();
}
const [first, ...others] = starts;
show("ready, the first start", `${first?.readyMs.toFixed()} ms`);
show(
  `ready, a later start (middle of ${STARTS})`,
  `${middleOf(others.map((one) => one.readyMs)).toFixed()} ms`,
);
show("  processor time until then", `${middleOf(others.map((one) => one.cpuMs)).toFixed()} ms`);
show("resident memory, idle", `${middleOf(others.map((one) => one.megabytes)).toFixed()} MB`);

const inspectorPort = await findFreePort();
const { server, port } = await start(
  {
    OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1`,
    MODEL: "mock",
  },
  [`--inspect=127.0.0.1:${inspectorPort}`],
);
const collectGarbage = await inspect(inspectorPort);

/** How much more memory the server takes for each of many, without garbage, once as many have come and gone. */
async function memoryOfEach(
  warm: () => Promise<() => void>,
  open: () => Promise<() => void>,
): Promise<number> {
  const openAll = async (one: () => Promise<() => void>) => {
    const closing: (() => void)[] = [];
    for (let count = 0; count < OPEN; count++) closing.push(await one());
    await sleep(SETTLE_MS);
    return closing;
  };
  for (const close of await openAll(warm)) close();
  await sleep(SETTLE_MS);
  await collectGarbage();
  const before = kilobytesOf(server);
  const closing = await openAll(open);
  await collectGarbage();
  const each = (kilobytesOf(server) - before) / OPEN;
  for (const close of closing) close();
  await sleep(SETTLE_MS);
  return each;
}

const openSocket = async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(socket, "open");
  socket.send('{"type":"start_conversation"}');
  await once(socket, "message");
  return () => socket.terminate();
};
show(
  `an idle socket (of ${OPEN})`,
  `${(await memoryOfEach(openSocket, openSocket)).toFixed(1)} KB`,
);

const ids = await createConversations(port, 2 * OPEN);
const openStream = (tokens: number, gapMs: number) => async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write(chatV1Wire.write("stream", ids.pop() ?? "", { ...DEFAULT_SETTINGS, tokens, gapMs }));
  await once(socket, "data");
  socket.resume();
  return () => void socket.destroy();
};
const streamKilobytes = await memoryOfEach(openStream(20, 0), openStream(MAX_TOKENS, 1_000));
show(`an open stream (of ${OPEN}, a token a second)`, `${streamKilobytes.toFixed(1)} KB`);
await server.stop();

/** @returns what makes the server collect its garbage, and resolves when it has */
async function inspect(inspectorPort: number): Promise<() => Promise<void>> {
  const targets = await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json();
  const [{ webSocketDebuggerUrl }] = targets as [{ webSocketDebuggerUrl: string }];
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, "open");
  let id = 0;
  return async () => {
    for (let times = 0; times < 2; times++) {
      id += 1;
      socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
      await once(socket, "message");
    }
  };
}
