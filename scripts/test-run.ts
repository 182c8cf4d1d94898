// What running the tests and running the campaigns have in common.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sharedPostgresUrl, sharedRedisUrl } from "../server/test/services.ts";

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

/** One PostgreSQL and one Redis for all tests of this run, on ports of their own: whatever Debian started is left alone. */
export async function startServices(): Promise<void> {
  const start = (setting: string, url: () => Promise<string>) =>
    url().then(
      (given) => {
        process.env[setting] = given;
      },
      // Each test that needs it says what is missing.
      () => {},
    );
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  await Promise.all([
    start("TEST_DATABASE_URL", sharedPostgresUrl),
    start("TEST_REDIS_URL", sharedRedisUrl),
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
  ...{ figures: [], failedFiles: [], secondsOf: {} },
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

/**
 * Runs jobs side by side in two lanes, which both begin at once: jobs that work, and jobs that wait more than they work
 * and leave the processors to the others. Where no job that works is left, its lane takes jobs that wait.
 * @param working the jobs that work, in the order in which they begin
 * @param waiting the jobs that wait, likewise
 * @param concurrency how many jobs of each kind run at a time
 */
export async function runInLanes<Job>(
  { working, waiting }: { readonly working: readonly Job[]; readonly waiting: readonly Job[] },
  concurrency: { readonly working: number; readonly waiting: number },
  run: (job: Job) => Promise<void>,
): Promise<void> {
  const lists: readonly [Job[], Job[]] = [[...working], [...waiting]];
  const worker = async (chosen: readonly Job[][]) => {
    for (;;) {
      const job = chosen.find((list) => list.length > 0)?.shift();
      if (job === undefined) return;
      await run(job);
    }
  };
  await Promise.all([
    ...Array.from({ length: concurrency.working }, () => worker([lists[0], lists[1]])),
    ...Array.from({ length: concurrency.waiting }, () => worker([lists[1]])),
  ]);
}
