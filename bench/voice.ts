/* The bench of the voice wire: `node bench/voice.ts [latency] [barge-in] [cut-offs] [sessions] [idle]`. */
import type { Summary } from "./histogram.ts";
import { startMeasuredServer } from "./voice/measured-server.ts";
import { startOracle, type Writing } from "./voice/oracle.ts";
import {
  bargeIn,
  cutOffs,
  idleSockets,
  latency,
  learnAll,
  type Result,
} from "./voice/scenarios.ts";

const RECOGNISER_DELAY_MS = 60;
const ALL = ["latency", "barge-in", "cut-offs", "sessions", "idle"];

const wanted = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const writing: Writing = process.argv.includes("--punctuated") ? "punctuated" : "words";
const chosen = wanted.length > 0 ? wanted : ALL;

await using oracle = await startOracle({ delayMs: RECOGNISER_DELAY_MS, writing });
await learnAll(oracle);
await using server = await startMeasuredServer(oracle.baseUrl);
console.log(
  `silero-vad-6, a recogniser that knows the answers (${RECOGNISER_DELAY_MS} ms, ${writing}), builtin/echo, flite`,
);
if (chosen.includes("latency")) show(await latency(server, 1, 20));
if (chosen.includes("barge-in")) show(await bargeIn(server, 5, 8));
if (chosen.includes("cut-offs")) show(await cutOffs(server, 10, 4));
if (chosen.includes("sessions")) show(await latency(server, 20, 6));
if (chosen.includes("idle")) show(await idleSockets(server, 1000));
process.exitCode = 0;

function show({ name, rows }: Result): void {
  console.log(`\n${name}`);
  for (const [row, value] of rows)
    console.log(`  ${row.padEnd(40)} ${typeof value === "string" ? value : inWords(value)}`);
}

function inWords({ count, p50, p90, p95, maximum }: Summary): string {
  const shown = [p50, p90, p95, maximum].map((value) => value.toFixed(0));
  return `p50 ${shown[0]}  p90 ${shown[1]}  p95 ${shown[2]}  max ${shown[3]} ms  (${count})`;
}
