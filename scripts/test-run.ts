// What running the tests and running the campaigns have in common.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyCluster } from "../server/test/postgres-server.ts";
import { sharedPostgresUrl, sharedRedisUrl, templateDatabaseUrl } from "../server/test/services.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Where Node keeps what it has compiled: a test file then needs half a second of a processor less. */
const COMPILED = join(ROOT, "node_modules/.cache/colloquy-test");

/** What the tests speak, listen and browse with, and the services behind replicas: Debian's packages. */
const DEBIAN_PACKAGES = [
  "libpocketsphinx3",
  "pocketsphinx-en-us",
  "espeak-ng",
  "python3-websockets",
  "chromium",
  "chromium-headless-shell",
  "fonts-noto-core",
  "postgresql",
  "redis-server",
  "haproxy",
  "nginx-light",
  "socat",
  "openssh-server",
  "openssh-client",
  "faketime",
  "slowhttptest",
];

/** Installs what is missing where that may be done; elsewhere the tests that need it say so. */
export function installDebianPackages(): void {
  const quiet = (command: string, args: string[]) => spawnSync(command, args, { encoding: "utf8" });
  const known = quiet("dpkg-query", [
    "-W",
    "-f",
    `\${db:Status-Status} \${Package}\n`,
    ...DEBIAN_PACKAGES,
  ]);
  if (known.error) return;
  const missing = DEBIAN_PACKAGES.filter((name) => !known.stdout.includes(`installed ${name}\n`));
  if (!missing.length || process.getuid?.() !== 0) return;
  process.stdout.write(`\n── Installing ${missing.join(", ")}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-q"], { stdio: "ignore", env: environment });
  const { status, stderr } = spawnSync(
    "apt-get",
    ["install", "-y", "-q", "--no-install-recommends", ...missing],
    { encoding: "utf8", env: environment },
  );
  if (status !== 0) process.stderr.write(`They could not be installed:\n${stderr}\n`);
}

/**
 * One PostgreSQL and one Redis for all tests of this run, on ports of their own: whatever Debian started is left alone. Tests
 * that need a PostgreSQL or a database of their own begin with a copy of an empty one.
 */
export async function startServices(): Promise<void> {
  const start = (setting: string, url: () => Promise<string | null>) =>
    url().then(
      (given) => {
        if (given !== null) process.env[setting] = given;
      },
      // Each test that needs it says what is missing.
      () => {},
    );
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  await Promise.all([
    start("TEST_DATABASE_TEMPLATE", templateDatabaseUrl).then(() =>
      start("TEST_DATABASE_URL", sharedPostgresUrl),
    ),
    start("TEST_REDIS_URL", sharedRedisUrl),
    start("TEST_POSTGRES_CLUSTER", emptyCluster),
  ]);
}

export type RunResult = {
  /** Until the process had ended. */
  readonly seconds: number;
  readonly tests: number;
  readonly skipped: number;
  /** Also if it ended without a report. */
  readonly failed: boolean;
  /** Those files in which a test failed, by their paths from the root; all, if the process itself ended badly. */
  readonly failedFiles: readonly string[];
  /** How long the tests of each file took. */
  readonly secondsOf: Readonly<Record<string, number>>;
  /** What each file used of processors, without what ends with the process, such as a browser. */
  readonly processorSecondsOf: Readonly<Record<string, number>>;
  /** What the process, and those that it had started and that had ended, used of processors. */
  readonly processorSeconds: number;
  /** What the tests said by `diagnostic`. */
  readonly figures: readonly string[];
  /** Whether it was ended because its time was up. */
  readonly isCutOff: boolean;
  /** What it printed; empty when that was printed as it came. */
  readonly output: string;
};

export type RunOptions = {
  /** What is set for it beside this process' own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** When it is ended, whatever it does. */
  readonly timeoutSeconds: number;
  /** What it prints is given back instead of printed as it comes. */
  readonly isQuiet?: boolean;
};

/** How long a file that was told to end may take before it is killed. */
const MAX_END_SECONDS = 10;
/** How long after its end the rest of its output is waited for. */
const MAX_OUTPUT_MS = 2000;
const NOTHING_TOLD = {
  ...{ tests: 0, skipped: 0, processorSeconds: 0 },
  ...{ figures: [], failedFiles: [], secondsOf: {}, processorSecondsOf: {} },
};
/** The totals of a process, which the report of the whole run has. */
const TOTALS = /^ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*\n/gm;

/**
 * Runs test files, one after the other, in one process, without one of the test runner between: that saves a sixth of a
 * second of a processor.
 * @param files their paths from the root of the repository
 * @returns their result, also if the process ended without a report
 */
export async function runTestFiles(
  files: readonly string[],
  { environment = {}, timeoutSeconds, isQuiet = false }: RunOptions,
): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-tests-"));
  const report = join(folder, "result");
  const beganAt = performance.now();
  const node = spawn(
    "node",
    [
      ...(files.length > 1 ? ["--test", "--test-isolation=none"] : []),
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=./scripts/test-results.mjs",
      `--test-reporter-destination=${report}`,
      ...files,
    ],
    {
      cwd: ROOT,
      stdio: isQuiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...environment },
    },
  );
  let output = "";
  for (const stream of [node.stdout, node.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  let isCutOff = false;
  const timers = [
    setTimeout(() => {
      isCutOff = true;
      node.kill("SIGTERM");
    }, timeoutSeconds * 1000),
    setTimeout(() => node.kill("SIGKILL"), (timeoutSeconds + MAX_END_SECONDS) * 1000),
  ];
  const { promise: status, resolve } = Promise.withResolvers<number | null>();
  node.once("error", (error) => {
    output += `node: ${error.message}\n`;
    resolve(1);
  });
  // A process that it started may hold its output open for longer than the test runs itself.
  node.once("exit", (code) => setTimeout(resolve, MAX_OUTPUT_MS, code).unref());
  node.once("close", resolve);
  const hasFailed = (await status) !== 0;
  for (const timer of timers) clearTimeout(timer);
  const told = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(folder, { recursive: true });
  const { failedFiles, secondsOf, ...counts } = told ? JSON.parse(told) : NOTHING_TOLD;
  const isKnown =
    failedFiles.length > 0 && failedFiles.every((file: string) => files.includes(file));
  const failed = hasFailed || !told || failedFiles.length > 0;
  return {
    ...counts,
    ...{ isCutOff, failed, secondsOf, output: output.replaceAll(TOTALS, "") },
    failedFiles: failed && !isKnown ? files : failedFiles,
    seconds: Math.round((performance.now() - beganAt) / 100) / 10,
  };
}

/** How much of all processors nobody used since the last call, from 0 to 1; 0 where that cannot be known. */
export function watchProcessors(): () => number {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    const all = times.reduce((sum, time) => sum + Object.values(time).reduce((a, b) => a + b), 0);
    return { idle, all };
  };
  let before = read();
  return () => {
    const now = read();
    const share = (now.idle - before.idle) / Math.max(1, now.all - before.all);
    before = now;
    // Where a container has a part of the processors that are listed, the others say nothing about it.
    return cpus().length === availableParallelism() ? share : 0;
  };
}

/** How it is seen whether more can be begun. */
type Processors = {
  readonly everyMs: number;
  /** How much of them was unused since it was asked last, from 0 to 1. */
  readonly idleShare: () => number;
};

/** One job more is begun while so much of the processors is unused. */
const IDLE_SHARE = 0.2;

/**
 * Runs jobs side by side: jobs that work, and jobs that wait more than they work and leave the processors to the others.
 * Where no job that works is left, its place is taken by one that waits. While processors are idle, more jobs are begun.
 * @param working the jobs that work, in the order in which they begin
 * @param waiting the jobs that wait, likewise
 * @param concurrency how many jobs of each kind run in any case, and how many of both at most
 */
export async function runInLanes<Job>(
  { working, waiting }: { readonly working: readonly Job[]; readonly waiting: readonly Job[] },
  concurrency: { readonly working: number; readonly waiting: number; readonly most: number },
  run: (job: Job) => Promise<void>,
  { everyMs, idleShare }: Processors = { everyMs: 1000, idleShare: watchProcessors() },
): Promise<void> {
  const lists = { working: [...working], waiting: [...waiting] };
  const more: Promise<void>[] = [];
  let running = 0;
  const next = (...chosen: Job[][]) => chosen.find((list) => list.length > 0)?.shift();
  const runOne = async (job: Job) => {
    running++;
    await run(job);
    running--;
  };
  const lane = async (...chosen: Job[][]) => {
    for (let job = next(...chosen); job !== undefined; job = next(...chosen)) await runOne(job);
  };
  const timer = setInterval(() => {
    if (idleShare() < IDLE_SHARE || running >= concurrency.most) return;
    const job = next(lists.waiting, lists.working);
    if (job !== undefined) more.push(runOne(job));
  }, everyMs);
  await Promise.all([
    ...Array.from({ length: concurrency.working }, () => lane(lists.working, lists.waiting)),
    ...Array.from({ length: concurrency.waiting }, () => lane(lists.waiting)),
  ]);
  clearInterval(timer);
  await Promise.all(more);
}
