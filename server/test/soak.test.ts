// Mixed load for a while: memory, handles and the event loop stay as they are.
// Runs: waiting
// Campaign: SOAK_MINUTES middle=0.5 in 40 s, full=30 in 1860 s
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { COMMAND } from "./cli-runner.ts";
import { startLoad } from "./crash-load.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import { startProcess } from "./server-process.ts";

const MINUTES = Number(process.env.SOAK_MINUTES ?? 0.1);
const SAMPLES = 60;
/** The old generation is collected once in about half a minute, so that a third of a short run may have nothing but its growth. */
const MAX_HEAP_MIB = MINUTES < 5 ? 150 : 60;
const WATCHED = {
  "heap MiB": ["colloquy_nodejs_heap_size_used_bytes", 2 ** -20, MAX_HEAP_MIB],
  "external MiB": ["colloquy_nodejs_external_memory_bytes", 2 ** -20, 60],
  "resident MiB": ["colloquy_process_resident_memory_bytes", 2 ** -20, 250],
  handles: ["colloquy_nodejs_active_handles_total", 1, 40],
  "open files": ["colloquy_process_open_fds", 1, 40],
  "event loop p99 ms": ["colloquy_nodejs_eventloop_lag_p99_seconds", 1000, 500],
} as const satisfies Record<string, readonly [metric: string, factor: number, mayGrow: number]>;

const BARS = "▁▂▃▄▅▆▇█";

/** The values as bars, from 0 to the largest. */
function plot(values: readonly number[]): string {
  const most = Math.max(...values) || 1;
  return values.map((value) => BARS[Math.min(7, Math.floor((value / most) * 8))]).join("");
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test(`${MINUTES} minutes of mixed load: heap, handles and event loop stay flat`, {
  timeout: (MINUTES + 3) * 60_000,
}, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-soak-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer({ record: false }));
  const server = await startProcess({
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    AUTH_ANONYMOUS: "loopback",
  });
  opened.defer(() => server.kill());
  const acknowledged = new Map<string, string>();
  const creating = [COMMAND, "keys", "create", "--operator", "--quiet"];
  const env = { PATH: process.env.PATH, DATA_DIR: directory };
  const { stdout: key } = spawnSync(process.execPath, creating, { env, encoding: "utf8" });
  const operator = { authorization: `Bearer ${key.trim()}` };
  const load = startLoad(server.url, acknowledged);
  const series: Record<string, number[]> = {};
  for (let sample = 0; sample < SAMPLES; sample++) {
    await new Promise((resolve) => setTimeout(resolve, (MINUTES * 60_000) / SAMPLES));
    const figures = await (await fetch(`${server.url}/metrics`, { headers: operator })).text();
    for (const [name, [metric, factor]] of Object.entries(WATCHED)) {
      const value = Number(new RegExp(`^${metric} (\\S+)$`, "m").exec(figures)?.[1]);
      assert.ok(Number.isFinite(value), metric);
      series[name] ??= [];
      series[name].push(value * factor);
    }
  }
  await load.stop();
  for (const [name, [, , mayGrow]] of Object.entries(WATCHED)) {
    const values = series[name] ?? [];
    // The first third warms up.
    const [middle, last] = [values.slice(20, 40), values.slice(40)];
    context.diagnostic(
      `${name.padEnd(18)} ${plot(values)} ${median(middle).toFixed(1)} → ${median(last).toFixed(1)}`,
    );
    assert.ok(median(last) - median(middle) < mayGrow, `${name} grows: ${values.join(" ")}`);
  }
  assert.ok(acknowledged.size > 100, `only ${acknowledged.size} messages`);
  context.diagnostic(`${acknowledged.size} messages`);
});
