/* What a server on PostgreSQL does, against the embedded store: `npm run bench:replicas`, see README.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres } from "../server/test/postgres-server.ts";
import { createDatabase } from "../server/test/services.ts";
import { Meter } from "./accounting.ts";
import { ConversationPool, createConversations } from "./conversation-pool.ts";
import { type DatabaseCosts, measureDatabaseCosts } from "./database-costs.ts";
import { median } from "./histogram.ts";
import { runClosedLoop } from "./load.ts";
import { DEFAULT_SETTINGS } from "./model-settings.ts";
import { readOptions } from "./options.ts";
import { endProcessesOnExit, findFreePort, ServerProcess } from "./processes.ts";
import type { LoadResult } from "./recorder.ts";
import { COLLOQUY_PROGRAM, startModel } from "./targets.ts";
import { chatV1Wire } from "./wires.ts";

const HELP = `Measures a server on PostgreSQL against one on the embedded store, on this machine (Linux).

  npm run bench:replicas -- [options]

  --seconds N   measured time of a run (3)
  --rounds N    runs of each, in turns (3)
  --nice=N      scheduling priority of all that we start; below 0 (root only) holds off other work

Load generator, model, server and database share all processors: on two of them, a database that is
another process takes its time from the server. Figures are medians of the rounds.
`;

const LOADS = [
  { kind: "sync", connections: 64, title: "Whole replies, 64 connections" },
  { kind: "sync", connections: 1, title: "Whole replies, one after the other" },
  { kind: "stream", connections: 16, title: "Streamed replies of 20 tokens, 16 connections" },
] as const;
const CONVERSATIONS = 2_000;
const WARM_UP_MS = 1_500;
const COSTS_TURNS = 400;

type Deployment = { readonly name: string; readonly port: number; readonly process: ServerProcess };

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
  return { name, port, process: server, [Symbol.asyncDispose]: () => server.stop() };
}

async function load(
  { port, process: server }: Deployment,
  { kind, connections }: (typeof LOADS)[number],
  model: ServerProcess,
  seconds: number,
): Promise<LoadResult> {
  const pool = new ConversationPool(await createConversations(port, CONVERSATIONS));
  return runClosedLoop({
    port,
    connections,
    expectation: chatV1Wire.expect(kind, DEFAULT_SETTINGS),
    meter: new Meter(server.id, model.id),
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
  for (const plan of LOADS) {
    const results = new Map<string, LoadResult[]>();
    for (let round = 0; round < Number(values.rounds); round++)
      for (const deployment of round % 2 ? [single, embedded] : [embedded, single]) {
        const result = await load(deployment, plan, model, Number(values.seconds));
        if (result.errors > 0) throw new Error(`${deployment.name}: ${result.firstError}`);
        results.set(deployment.name, [...(results.get(deployment.name) ?? []), result]);
      }
    process.stdout.write(report(plan.title, results));
  }
  const costs = await measureDatabaseCosts(postgres, database, COSTS_TURNS, async (url) => {
    const server = await startServer(
      "costs",
      { ...upstream, DATABASE_URL: url },
      newPath("costs.log"),
    );
    return server;
  });
  process.stdout.write(reportCosts(costs));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
