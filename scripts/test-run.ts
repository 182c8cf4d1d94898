// What running the tests and running the campaigns have in common.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
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

export type FileResult = {
  /** From the root of the repository. */
  readonly file: string;
  readonly seconds: number;
  readonly tests: number;
  readonly skipped: number;
  readonly failed: boolean;
  /** What its tests said by `diagnostic`. */
  readonly figures: readonly string[];
};

export type RunOptions = {
  /** How many files at a time. */
  readonly concurrency: number;
  /** What is set for them beside this process' own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** When they are ended, whatever they do; default: never. */
  readonly timeoutSeconds?: number;
  /** What they print is given back instead of printed as it comes. */
  readonly isQuiet?: boolean;
};

/**
 * Runs test files, each in a process of its own.
 * @param files their paths from the root of the repository
 * @returns one result for each file, also for those that no report came of
 */
export async function runTestFiles(
  files: readonly string[],
  { concurrency, environment = {}, timeoutSeconds, isQuiet = false }: RunOptions,
): Promise<{
  readonly isCutOff: boolean;
  readonly results: readonly FileResult[];
  readonly output: string;
}> {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-tests-"));
  const list = join(folder, "results");
  const node = spawn(
    "node",
    [
      "--test",
      `--test-concurrency=${concurrency}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=./scripts/test-results.mjs",
      `--test-reporter-destination=${list}`,
      ...files,
    ],
    {
      cwd: ROOT,
      stdio: isQuiet ? "pipe" : "inherit",
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...environment },
    },
  );
  let output = "";
  for (const stream of [node.stdout, node.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  let isCutOff = false;
  const cutOff = () => {
    isCutOff = true;
    node.kill("SIGTERM");
  };
  const timer =
    timeoutSeconds === undefined ? undefined : setTimeout(cutOff, timeoutSeconds * 1000);
  const { promise: status, resolve } = Promise.withResolvers<number | null>();
  node.once("error", (error) => {
    process.stderr.write(`node: ${error.message}\n`);
    resolve(1);
  });
  node.once("close", resolve);
  const isFailed = (await status) !== 0;
  clearTimeout(timer);
  const lines = existsSync(list) ? readFileSync(list, "utf8").split("\n").filter(Boolean) : [];
  rmSync(folder, { recursive: true });
  const told = new Map<string, FileResult>(
    lines.map((line) => {
      const result: FileResult = JSON.parse(line);
      return [relative(ROOT, result.file), result];
    }),
  );
  const none = { seconds: 0, tests: 0, skipped: 0, failed: true, figures: [] };
  const results = files.map((file) => ({ ...none, ...told.get(file), file }));
  // Where the run as a whole failed and no file says so, any of them may have.
  const isUnclear = isFailed && !results.some((result) => result.failed);
  return {
    isCutOff,
    results: results.map((it) => ({ ...it, failed: it.failed || isUnclear })),
    output,
  };
}
