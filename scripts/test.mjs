// Runs every check there is: the linter, the types, and all tests. Names of tests or folders as
// arguments run only those. Everything is run, also when something failed before it.
import { spawnSync } from "node:child_process";
import { globSync, writeFileSync } from "node:fs";
import { readTestFiles } from "./test-plan.ts";
import { installDebianPackages, ROOT, runTestFiles, startServices } from "./test-run.ts";

const MAX_SLOW_FILES = 10;
const chosen = process.argv.slice(2);
const startedAt = performance.now();
const failures = [];
const results = [];

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

function check(title, command, args) {
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  if (status !== 0) failures.push(`${title}: ${command} ${args.join(" ")}`);
}

async function runGroup(title, files, { concurrency, environment = {}, isQuiet = false }) {
  if (!files.length) return "";
  const heading = `\n── ${title}\n`;
  if (!isQuiet) process.stdout.write(heading);
  const paths = files.map(({ path }) => path);
  const run = await runTestFiles(paths, { concurrency, environment, isQuiet });
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  for (const result of run.results) {
    results.push({ ...result, title });
    if (result.failed)
      failures.push(`${result.file} (${title}): ${settings.join("")}npm test ${result.file}`);
  }
  return isQuiet ? heading + run.output : "";
}

function sum(property) {
  return results.reduce((total, result) => total + result[property], 0);
}

function printReport() {
  const slow = results
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, MAX_SLOW_FILES)
    .map(({ seconds, file, title }) => `${seconds.toFixed(1).padStart(7)} s  ${file} (${title})`);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  process.stdout.write(`\n── The slowest files\n${slow.join("\n")}\n`);
  process.stdout.write(
    `\n${sum("tests")} tests in ${results.length} runs of files, ${sum("skipped")} of them skipped, in ${minutes} minutes\n`,
  );
  if (failures.length)
    process.stderr.write(`\n── Failed, and how to run only that\n${failures.join("\n")}\n`);
}

const all = readTestFiles(ROOT);
const files = chosen.length
  ? all.filter(({ path }) => chosen.some((name) => path.includes(name)))
  : all;
if (!files.length) {
  process.stderr.write(`No test file has ${chosen.join(" or ")} in its name.\n`);
  process.exit(1);
}
installDebianPackages();
if (process.env.TEST_CLOCK) pretendTime(process.env.TEST_CLOCK);
if (!chosen.length) {
  check("Lint", "biome", ["check", "."]);
  check("Types", "tsc", ["-p", "tsconfig.json"]);
  check("Types of the web app", "tsc", ["-p", "web/tsconfig.json"]);
}
await startServices();
const running = (runs) => files.filter((file) => file.runs === runs);
// Those that wait leave the processors to the others; what they print comes when they are over.
const waiting = runGroup("Tests that wait", running("waiting"), { concurrency: 2, isQuiet: true });
await runGroup("Tests", running("beside"), { concurrency: 2 });
process.stdout.write(await waiting);
if (!process.env.TEST_BACKEND)
  for (const [backend, title, isThere] of [
    ["postgres", "On PostgreSQL", process.env.TEST_DATABASE_URL],
    ["replicas", "On replicas", process.env.TEST_DATABASE_URL && process.env.TEST_REDIS_URL],
  ])
    if (isThere)
      await runGroup(
        title,
        files.filter(({ backends }) => backends.includes(backend)),
        { concurrency: 2, environment: { TEST_BACKEND: backend } },
      );
await runGroup("Tests that run alone", running("alone"), { concurrency: 1 });
printReport();
if (process.env.FAILURES_FILE)
  writeFileSync(process.env.FAILURES_FILE, failures.map((line) => `${line}\n`).join(""));
process.exit(failures.length ? 1 : 0);
