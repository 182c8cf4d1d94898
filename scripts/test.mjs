// Runs every check there is: the linter, the types, and all tests. Names of tests or folders as
// arguments run only those.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const chosen = process.argv.slice(2);

/**
 * The local time that the tests are to believe, such as `2028-02-29T23:57`, for finding those that depend on the hour
 * or the day; `TZ` chooses the time zone. Needs Debian's faketime.
 */
function pretendTime(time) {
  const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  const at = new Date(time).getTime();
  if (!library || Number.isNaN(at)) {
    process.stderr.write(
      library
        ? `TEST_CLOCK: '${time}' is no time; write it as 2028-02-29T23:57\n`
        : "TEST_CLOCK needs faketime: apt-get install faketime\n",
    );
    process.exit(1);
  }
  const seconds = Math.round((at - Date.now()) / 1000);
  process.env.LD_PRELOAD = library;
  process.env.FAKETIME = `${seconds < 0 ? "" : "+"}${seconds}s`;
  process.env.FAKETIME_DONT_FAKE_MONOTONIC = "1";
  process.env.DONT_FAKE_MONOTONIC = "1";
}

/** Tests that measure time or use real engines at real-time pace run one by one, after the others. */
const ALONE =
  /\/(?:siege|soak|process|proxies|figures|redis-faults|postgres-faults|postgres-replicas|replicas|voice[\w-]*|speech[\w-]*)\.test\.ts$/;

/** Long campaigns that wait more than they work: processes that are killed, clients that are slow. */
const CAMPAIGNS =
  /\/(?:crash|fuzz[\w-]*|clock-jumps|powercut|disk-full|secrets|hardening|framing|slow-clients|replica-[\w-]*)\.test\.ts$/;

/** Those of the wires: they run on every back end (server/test/start-server.ts says which there are). */
const WIRES =
  /^server\/test\/(?:access|budgets|chat[\w-]*|conversations[\w-]*|cross-wire|dialogix[\w-]*|examples|faults|http|import|keys|long-conversations|sign-in|sockets|tickets|turns|voice-bad-input)\.test\.ts$/;

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
  "faketime",
  "slowhttptest",
];

/**
 * Some tests hold the product to a time, and a machine that others use may be too slow just then.
 * So a file that failed is run once more, with nothing beside it; that it was is said at the end.
 */
const RUN_AGAIN_AT_MOST = 3;
const ranAgain = [];

function run(title, command, args, environment = {}) {
  process.stdout.write(`\n── ${title}\n`);
  const status = statusOf(command, args, environment);
  if (status !== 0) giveUp(title, command, args, status, environment);
}

function statusOf(command, args, environment) {
  const env = { ...process.env, ...environment };
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status;
}

function giveUp(title, command, args, status, environment = {}) {
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  process.stderr.write(
    `\n${title}: failed. To run only this: ${settings.join("")}${command} ${args.slice(0, 6).join(" ")}${args.length > 6 ? " …" : ""}\n`,
  );
  process.exit(status || 1);
}

function runTests(title, files, concurrency, environment = {}) {
  if (!files.length) return;
  process.stdout.write(`\n── ${title}\n`);
  const folder = mkdtempSync(join(tmpdir(), "colloquy-tests-"));
  const list = join(folder, "failed");
  const reporters = [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./scripts/failed-files.mjs",
    `--test-reporter-destination=${list}`,
  ];
  const status = statusOf(
    "node",
    ["--test", `--test-concurrency=${concurrency}`, ...reporters, ...files],
    environment,
  );
  const named = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  rmSync(folder, { recursive: true });
  if (status === 0) return;
  const failed = files.filter((file) => named.includes(resolve(file)));
  const again = ["--test", "--test-reporter=spec", "--test-concurrency=1", ...failed];
  if (!failed.length || ranAgain.length + failed.length > RUN_AGAIN_AT_MOST)
    giveUp(title, "node", failed.length ? again : ["--test", ...files], status, environment);
  process.stdout.write(`\n── Once more, alone: ${failed.join(", ")}\n`);
  ranAgain.push(...failed.map((file) => `${file} (${title})`));
  const second = statusOf("node", again, environment);
  if (second !== 0) giveUp(title, "node", again, second, environment);
}

/** Installs what is missing where that may be done; elsewhere the tests that need it say so. */
function installDebianPackages() {
  const quiet = (command, args) => spawnSync(command, args, { encoding: "utf8" });
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
async function startServices() {
  const { sharedPostgresUrl, sharedRedisUrl } = await import("../server/test/services.ts");
  const start = (setting, url) =>
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

installDebianPackages();
if (process.env.TEST_CLOCK) pretendTime(process.env.TEST_CLOCK);
if (!chosen.length) {
  run("Lint", "biome", ["check", "."]);
  run("Types", "tsc", ["-p", "tsconfig.json"]);
  run("Types of the web app", "tsc", ["-p", "web/tsconfig.json"]);
}
await startServices();
const all = globSync("{client,server,web}/test/**/*.test.ts").sort();
const files = chosen.length
  ? all.filter((file) => chosen.some((name) => file.includes(name)))
  : all;
if (!files.length) {
  process.stderr.write(`No test file has ${chosen.join(" or ")} in its name.\n`);
  process.exit(1);
}
runTests(
  "Tests",
  files.filter((file) => !ALONE.test(file) && !CAMPAIGNS.test(file)),
  2,
);
runTests(
  "Campaigns",
  files.filter((file) => CAMPAIGNS.test(file)),
  3,
);
runTests(
  "Tests that run alone",
  files.filter((file) => ALONE.test(file)),
  1,
);
const wires = files.filter((file) => WIRES.test(file));
if (process.env.TEST_DATABASE_URL && !process.env.TEST_BACKEND)
  runTests("The wires on PostgreSQL", wires, 2, { TEST_BACKEND: "postgres" });
if (process.env.TEST_DATABASE_URL && process.env.TEST_REDIS_URL && !process.env.TEST_BACKEND)
  runTests("The wires on replicas", wires, 2, { TEST_BACKEND: "replicas" });
if (ranAgain.length) process.stdout.write(`\nPassed only when run again: ${ranAgain.join(", ")}\n`);
