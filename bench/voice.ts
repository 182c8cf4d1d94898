/* The bench of the voice wire; the names of scenarios as arguments run only those. */
import { writeFile } from "node:fs/promises";
import { findPocketsphinx } from "../server/src/adapters/speech/pocketsphinx/find.ts";
import type { Summary } from "./histogram.ts";
import { startMeasuredServer } from "./voice/measured-server.ts";
import { startOracle, type Writing } from "./voice/oracle.ts";
import { plot } from "./voice/plot.ts";
import {
  accuracy,
  bargeIn,
  cutOffs,
  idleSockets,
  latency,
  learnAll,
  type Result,
} from "./voice/scenarios.ts";
import { type Point, tradeOff } from "./voice/trade-off.ts";

const RECOGNISER_DELAY_MS = 60;
const PLOT = new URL("../docs/voice-trade-off.svg", import.meta.url);
const WITH_ORACLE = ["latency", "barge-in", "cut-offs", "sessions", "idle"];
const WITH_POCKETSPHINX = ["pocketsphinx", "accuracy"];
const ALL = [...WITH_ORACLE, ...WITH_POCKETSPHINX, "trade-off"];
const POCKETSPHINX_SESSIONS = 4;

const wanted = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const writing: Writing = process.argv.includes("--punctuated") ? "punctuated" : "words";
const chosen = wanted.length > 0 ? wanted : ALL;
const isChosen = (name: string) => chosen.includes(name);
const unknown = chosen.filter((name) => !ALL.includes(name));
if (unknown.length > 0) throw new Error(`No scenario ${unknown.join(", ")}: ${ALL.join(", ")}`);

if (WITH_ORACLE.some(isChosen)) await measureWithOracle();
if (WITH_POCKETSPHINX.some(isChosen)) await measureWithPocketsphinx();
if (isChosen("trade-off")) await showTradeOff();
process.exit();

async function measureWithOracle(): Promise<void> {
  await using oracle = await startOracle({ delayMs: RECOGNISER_DELAY_MS, writing });
  await learnAll(oracle);
  await using server = await startMeasuredServer(oracle.baseUrl);
  console.log(
    `silero-vad-6, a recogniser that knows the answers (${RECOGNISER_DELAY_MS} ms, ${writing}), builtin/echo, flite`,
  );
  if (isChosen("latency")) show(await latency(server, 1, 20));
  if (isChosen("barge-in")) show(await bargeIn(server, 5, 8));
  if (isChosen("cut-offs")) show(await cutOffs(server, 10, 4));
  if (isChosen("sessions")) show(await latency(server, 20, 6));
  if (isChosen("idle")) show(await idleSockets(server, 1000));
}

async function measureWithPocketsphinx(): Promise<void> {
  if (!findPocketsphinx()) return console.log("\npocketsphinx is not installed");
  await using server = await startMeasuredServer(null);
  console.log("\nsilero-vad-6, pocketsphinx, builtin/echo, flite");
  if (isChosen("pocketsphinx")) show(await latency(server, POCKETSPHINX_SESSIONS, 6));
  if (isChosen("accuracy"))
    for await (const result of accuracy(server, POCKETSPHINX_SESSIONS)) show(result);
}

async function showTradeOff(): Promise<void> {
  const measured = await tradeOff(4, { delayMs: RECOGNISER_DELAY_MS, writing });
  const row = (point: Point, unit: string) =>
    `  ${`${point.setting}${unit}`.padEnd(12)} ${(100 * point.cutShare).toFixed(1).padStart(5)}% cut off   wait ${point.fluentMs.toFixed(0).padStart(4)} ms, with pauses ${point.pausedMs.toFixed(0).padStart(4)} ms`;
  console.log(`\ntrade-off, ${measured.turns} turns, ${writing}`);
  for (const point of measured.fixed) console.log(row(point, " ms"));
  for (const point of measured.adaptive) console.log(row(point, "x"));
  await writeFile(PLOT, plot(measured));
}

function show({ name, rows }: Result): void {
  console.log(`\n${name}`);
  for (const [row, value] of rows)
    console.log(`  ${row.padEnd(40)} ${typeof value === "string" ? value : inWords(value)}`);
}

function inWords({ count, p50, p90, p95, maximum }: Summary): string {
  const shown = [p50, p90, p95, maximum].map((value) => value.toFixed(0));
  return `p50 ${shown[0]}  p90 ${shown[1]}  p95 ${shown[2]}  max ${shown[3]} ms  (${count})`;
}
