/* What it takes to serve so many: `npm run bench:capacity`, see docs/scaling.md. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Costs, type Demand, planFor, sharesOf, tokensPerSecond } from "./capacity/plan.ts";
import { simulate } from "./capacity/simulation.ts";

const HELP = `Reckons what a load needs from what was measured, and tries the plan in a simulation of queues.

  npm run bench:capacity -- [options]

  --figures FILE     what npm run bench:replicas -- --json FILE wrote (bench/measured.json)
  --turns N          turns a second (10000)
  --streams N        open streams (1000000)
  --tokens N         tokens of a reply (200)
  --rate N           tokens a second of a reply (20)
  --seconds N        simulated time (20)
  --seed N           of the simulation's chance (1)
`;

/** As bench/replicas.ts wrote it. */
type Figures = {
  readonly medians: Readonly<Record<string, Readonly<Record<string, Record<string, number>>>>>;
  readonly openStreams: { readonly cpuMicrosecondsPerToken: number };
  readonly database: { readonly cpuMicroseconds: number };
  readonly redis: {
    readonly turn: { readonly cpuMicroseconds: number };
    readonly watchedToken: { readonly cpuMicroseconds: number };
  };
};

const DATABASE_PROCESSORS = 16;
/** A resumed stream is a request and a read of the reply: at most what a turn costs. */
const RESUME_SHARE_OF_TURN = 0.5;
const COMMIT_MS = 1.5;

function costsOf({ medians, openStreams, database, redis }: Figures): Costs {
  const busy = medians["Whole replies, 64 connections"]?.["1 behind a proxy"];
  const turn = busy?.["server CPU a turn, µs"] ?? Number.NaN;
  return {
    turn,
    token: openStreams.cpuMicrosecondsPerToken,
    resume: RESUME_SHARE_OF_TURN * turn,
    databaseTurn: database.cpuMicroseconds,
    redisTurn: redis.turn.cpuMicroseconds,
    redisToken: redis.watchedToken.cpuMicroseconds,
    commitMs: COMMIT_MS,
  };
}

/** The same chance for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const percent = (share: number) => `${Math.round(100 * share)}%`;

function main(): void {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      figures: { type: "string" },
      turns: { type: "string", default: "10000" },
      streams: { type: "string", default: "1000000" },
      tokens: { type: "string", default: "200" },
      rate: { type: "string", default: "20" },
      seconds: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const file = values.figures ?? new URL("measured.json", import.meta.url);
  const costs = costsOf(JSON.parse(readFileSync(file, "utf8")) as Figures);
  const demand: Demand = {
    turnsPerSecond: Number(values.turns),
    openStreams: Number(values.streams),
    tokensPerTurn: Number(values.tokens),
    tokensPerSecond: Number(values.rate),
    watchedElsewhere: 0.1,
  };
  for (const cost of Object.values(costs))
    if (!(cost > 0)) throw new Error("the figures are not those of npm run bench:replicas");
  const plan = planFor(costs, demand, DATABASE_PROCESSORS);
  const shares = sharesOf(costs, demand, plan);
  const generating = (demand.turnsPerSecond * demand.tokensPerTurn) / demand.tokensPerSecond;
  process.stdout.write(`${demand.turnsPerSecond} turns a second of ${demand.tokensPerTurn} tokens at ${demand.tokensPerSecond} a second: ${Math.round(generating)} replies are
being generated at a time, ${Math.round(tokensPerSecond(demand))} tokens a second; of ${demand.openStreams} open streams the others are quiet.

| Part | How many | Busy, by reckoning |
| --- | ---: | ---: |
| replicas, one processor each | ${plan.replicas} | ${percent(shares.replica)} |
| PostgreSQL, ${plan.databaseProcessors} processors each | ${plan.databases} | ${percent(shares.database)} |
| Redis, one processor each | ${plan.redises} | ${percent(shares.redis)} |

`);
  const random = seeded(Number(values.seed));
  const seconds = Number(values.seconds);
  const few = { ...plan, replicas: Math.ceil(plan.replicas * 0.62) };
  for (const [title, simulation] of [
    ["as planned", { plan }],
    [
      "a replica is lost, and its streams come back elsewhere in 2 s",
      { plan, lossAtSecond: seconds / 2 },
    ],
    ["with 62% of the replicas, for comparison", { plan: few }],
  ] as const) {
    const { turns, latencyMs, replicaShare, databaseShare } = simulate({
      costs,
      demand,
      seconds,
      random,
      ...simulation,
    });
    process.stdout.write(
      `Simulated, ${title}: ${turns} turns; acknowledged after ${latencyMs.p50.toFixed(1)} ms (half), ${latencyMs.p99.toFixed(1)} ms (99%); replicas ${percent(replicaShare)} busy, PostgreSQL ${percent(databaseShare)}\n`,
    );
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
