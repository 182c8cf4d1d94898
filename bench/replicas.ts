/* What servers on PostgreSQL and Redis do, against the embedded store: `npm run bench:replicas`, see README.md. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startHaproxy } from "../server/test/haproxy.ts";
import { startPostgres } from "../server/test/postgres-server.ts";
import { startRedis } from "../server/test/redis-server.ts";
import { createDatabase } from "../server/test/services.ts";
import { Meter } from "./accounting.ts";
import { ConversationPool, createConversations } from "./conversation-pool.ts";
import { type DatabaseCosts, measureDatabaseCosts } from "./database-costs.ts";
import { median } from "./histogram.ts";
import { runClosedLoop, runOpenStreams, streamDurationMs } from "./load.ts";
import { DEFAULT_SETTINGS } from "./model-settings.ts";
import { readOptions } from "./options.ts";
import { endProcessesOnExit, findFreePort, ServerProcess } from "./processes.ts";
import type { LoadResult } from "./recorder.ts";
import { measureRedisCosts, type RedisCosts } from "./redis-costs.ts";
import { COLLOQUY_PROGRAM, startModel } from "./targets.ts";
import { chatV1Wire } from "./wires.ts";

const HELP = `Measures replicas on PostgreSQL and Redis against one server on the embedded store, on this
machine (Linux, with Debian's postgresql, redis-server and haproxy).

  npm run bench:replicas -- [options]

  --seconds N   measured time of a run (3)
  --rounds N    runs of each, in turns (3)
  --json FILE   write the medians, which bench/capacity.ts reckons with
  --nice=N      scheduling priority of all that we start; below 0 (root only) holds off other work

Load generator, model, servers, proxy and databases share all processors: on two of them, a second
replica adds no processor, and a database that is another process takes its time from the server. Figures are medians of the rounds.
`;

const LOADS = [
  { kind: "sync", connections: 64, title: "Whole replies, 64 connections" },
  { kind: "sync", connections: 1, title: "Whole replies, one after the other" },
  { kind: "stream", connections: 16, title: "Streamed replies of 20 tokens, 16 connections" },
] as const;
const CONVERSATIONS = 2_000;
const OPEN_STREAMS = 300;
const TOKEN_GAP_MS = 50;
const WARM_UP_MS = 1_500;
const COSTS_TURNS = 400;

type Deployment = {
  readonly name: string;
  readonly port: number;
  readonly processes: readonly ServerProcess[];
};

async function startServer(
  name: string,
  environment: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Deployment & AsyncDisposable> {
  const port = await findFreePort();
  const server = new ServerProcess({
    name,
    processor: "any",
    arguments: [COLLOQUY_PROGRAM, "serve"],
    environment: { PORT: String(port), MODEL: "mock", RATE_LIMITS: "off", ...environment },
    logFile,
  });
  await server.waitUntilReady(port, "/health");
  return { name, port, processes: [server], [Symbol.asyncDispose]: () => server.stop() };
}

async function load(
  { port, processes }: Deployment,
  { kind, connections }: (typeof LOADS)[number],
  model: ServerProcess,
  seconds: number,
): Promise<LoadResult> {
  const pool = new ConversationPool(await createConversations(port, CONVERSATIONS));
  return runClosedLoop({
    port,
    connections,
    expectation: chatV1Wire.expect(kind, DEFAULT_SETTINGS),
    meter: new Meter(
      processes.map(({ id }) => id),
      model.id,
    ),
    warmUpMs: WARM_UP_MS,
    measureMs: seconds * 1000,
    nextRequest() {
      const id = pool.take();
      const text = chatV1Wire.write(kind, id, DEFAULT_SETTINGS);
      return { text, release: () => pool.giveBack(id) };
    },
  });
}

const FIGURES: readonly [string, (result: LoadResult) => number, number][] = [
  ["turns a second", (it) => it.completedPerSecond, 0],
  ["latency p50, ms", (it) => it.latencyMs.p50, 1],
  ["latency p99, ms", (it) => it.latencyMs.p99, 1],
  ["server CPU a turn, µs", (it) => it.use.serverCpuMicroseconds / it.completed, 0],
];

function report(title: string, results: ReadonlyMap<string, readonly LoadResult[]>): string {
  const names = [...results.keys()];
  const lines = [
    `| ${title} | ${names.join(" | ")} |`,
    `| --- |${" ---: |".repeat(names.length)}`,
    ...FIGURES.map(([label, read, digits]) => {
      const cells = names.map((name) =>
        median((results.get(name) ?? []).map(read)).toFixed(digits),
      );
      return `| ${label} | ${cells.join(" | ")} |`;
    }),
  ];
  return `${lines.join("\n")}\n\n`;
}

const mediansOf = (results: ReadonlyMap<string, readonly LoadResult[]>) =>
  Object.fromEntries(
    [...results].map(([name, runs]) => [
      name,
      Object.fromEntries(FIGURES.map(([label, read]) => [label, median(runs.map(read))])),
    ]),
  );

/** What streams cost that are open and get a token now and then. */
async function openStreams({ port, processes }: Deployment, model: ServerProcess) {
  const times = { rampMs: 1500, settleMs: 500, measureMs: 4000 };
  const settings = {
    ...DEFAULT_SETTINGS,
    gapMs: TOKEN_GAP_MS,
    tokens: Math.ceil(streamDurationMs(times) / TOKEN_GAP_MS),
  };
  const ids = await createConversations(port, OPEN_STREAMS);
  const { use, errors, firstError } = await runOpenStreams({
    ...times,
    port,
    streams: OPEN_STREAMS,
    expectation: chatV1Wire.expect("stream", settings),
    meter: new Meter(
      processes.map(({ id }) => id),
      model.id,
    ),
    nextRequest: () => ({
      text: chatV1Wire.write("stream", ids.pop() ?? "", settings),
      release() {},
    }),
  });
  if (errors > 0) throw new Error(`open streams: ${firstError}`);
  const perSecond = use.serverCpuMicroseconds / OPEN_STREAMS / use.seconds;
  return {
    streams: OPEN_STREAMS,
    cpuMicrosecondsPerSecond: perSecond,
    cpuMicrosecondsPerToken: (perSecond * TOKEN_GAP_MS) / 1000,
    kilobytes: (1024 * use.serverResidentMegabytes) / OPEN_STREAMS,
  };
}

const reportStreams = (streams: Awaited<ReturnType<typeof openStreams>>): string =>
  `An open stream of ${1000 / TOKEN_GAP_MS} tokens a second (${streams.streams} at once, one server on PostgreSQL) costs
  ${(streams.cpuMicrosecondsPerSecond / 1000).toFixed(2)} ms of the server's processor time a second, ${streams.cpuMicrosecondsPerToken.toFixed(0)} µs a token

`;

const redisLine = ({ commands, bytesThere, bytesBack, cpuMicroseconds }: RedisCosts): string =>
  `${commands.toFixed(1)} commands, ${bytesThere.toFixed(0)} bytes to it, ${bytesBack.toFixed(0)} bytes from it, ${cpuMicroseconds.toFixed(0)} µs of its processor time`;

const reportRedis = ({
  turn,
  watchedToken,
  idleCommandsPerSecond,
}: Awaited<ReturnType<typeof measureRedisCosts>>): string => `Redis is asked
  for a turn: ${redisLine(turn)}
  for a token that is watched from another replica: ${redisLine(watchedToken)}
  by three replicas that do nothing: ${idleCommandsPerSecond.toFixed(1)} commands a second

`;

const reportCosts = (
  costs: DatabaseCosts,
): string => `A turn (${COSTS_TURNS} one after the other, one server) costs the database
  ${costs.statements.toFixed(1)} statements, ${costs.transactions.toFixed(1)} transactions
  ${(costs.bytesThere / 1000).toFixed(1)} kB to it and ${(costs.bytesBack / 1000).toFixed(1)} kB from it
  ${(costs.logBytes / 1000).toFixed(1)} kB of its log (WAL)
  ${costs.cpuMicroseconds.toFixed(0)} µs of its processor time
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      json: { type: "string" },
      nice: { type: "string" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  endProcessesOnExit();
  if (values.nice !== undefined) setPriority(Number(values.nice));
  const options = readOptions([]);
  if (!options) return;
  const directory = mkdtempSync(join(tmpdir(), "colloquy-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  let paths = 0;
  const newPath = (name: string) => join(directory, `${++paths}-${name}`);
  process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n\n`);

  const { model, modelPort } = await startModel(options, newPath);
  await using _ = model;
  await using postgres = await startPostgres([
    "shared_preload_libraries=pg_stat_statements",
    "shared_buffers=256MB",
  ]);
  const database = await createDatabase(postgres.url);
  const upstream = { OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1` };
  await using embedded = await startServer(
    "embedded",
    { ...upstream, DATA_DIR: newPath("data") },
    newPath("embedded.log"),
  );
  await using single = await startServer(
    "PostgreSQL",
    { ...upstream, DATABASE_URL: database.url },
    newPath("postgres.log"),
  );
  await using redis = await startRedis();
  const shared = { ...upstream, DATABASE_URL: database.url, REDIS_URL: redis.url };
  await using first = await startServer("first", shared, newPath("first.log"));
  await using second = await startServer("second", shared, newPath("second.log"));
  await using third = await startServer("third", shared, newPath("third.log"));
  await using proxies = new AsyncDisposableStack();
  const behindProxy = async (...servers: readonly Deployment[]): Promise<Deployment> => ({
    name: `${servers.length} behind a proxy`,
    port: proxies.use(await startHaproxy(servers.map(({ port }) => port))).port,
    processes: servers.flatMap(({ processes }) => processes),
  });
  const deployments = [
    embedded,
    single,
    await behindProxy(first),
    await behindProxy(first, second),
    await behindProxy(first, second, third),
  ];
  const medians: Record<string, Record<string, Record<string, number>>> = {};
  for (const plan of LOADS) {
    const results = new Map<string, LoadResult[]>(deployments.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const deployment of round % 2 ? deployments.toReversed() : deployments) {
        const result = await load(deployment, plan, model, Number(values.seconds));
        if (result.errors > 0) throw new Error(`${deployment.name}: ${result.firstError}`);
        results.get(deployment.name)?.push(result);
      }
    process.stdout.write(report(plan.title, results));
    medians[plan.title] = mediansOf(results);
  }
  const streams = await openStreams(single, model);
  process.stdout.write(reportStreams(streams));
  const redisCosts = await measureRedisCosts(redis.url, first.port, second.port, COSTS_TURNS);
  process.stdout.write(reportRedis(redisCosts));
  const costs = await measureDatabaseCosts(postgres, database, COSTS_TURNS, async (url) => {
    const server = await startServer(
      "costs",
      { ...upstream, DATABASE_URL: url },
      newPath("costs.log"),
    );
    return server;
  });
  process.stdout.write(reportCosts(costs));
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ medians, openStreams: streams, database: costs, redis: redisCosts }, null, 2)}\n`,
    );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
