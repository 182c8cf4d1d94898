// Runs every check there is: the linter, the types, and all tests. Names of tests or folders as
// arguments run only those. Everything is run, also when something failed before it.
import { spawn } from "node:child_process";
import { globSync, writeFileSync } from "node:fs";
import { placeOf } from "./test-place.ts";
import { planJobs, readTestFiles } from "./test-plan.ts";
import {
  installDebianPackages,
  ROOT,
  runInLanes,
  runTestFiles,
  startServices,
  watchProcessors,
} from "./test-run.ts";

const MAX_SLOW_FILES = 10;
/** A process that takes longer hangs. */
const MAX_JOB_SECONDS = 400;
/** How many run at a time. On two cores three files that work leave no core idle while one of them waits. */
const CONCURRENCY = { working: 3, waiting: 2, most: 8 };
const TITLES = { postgres: "PostgreSQL", replicas: "replicas" };
const chosen = process.argv.slice(2);
const startedAt = performance.now();
const idleShare = watchProcessors();
/** Several threads of the compiler check much of the same again, which takes the processors from the tests. */
const TYPES = ["--singleThreaded", "-p"];
/** What is no test and runs beside them. */
const CHECKS = [
  { title: "Lint", command: "biome", args: ["check", "."] },
  { title: "Types", command: "tsc", args: [...TYPES, "tsconfig.json"] },
  { title: "Types of the web app", command: "tsc", args: [...TYPES, "web/tsconfig.json"] },
];
const failures = [];
/** Of each process. */
const results = [];
/** Of each file. */
const timings = [];

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

async function check({ title, command, args }) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  const { promise: status, resolve } = Promise.withResolvers();
  child.once("close", resolve);
  child.once("error", (error) => {
    output += `${command}: ${error.message}\n`;
    resolve(1);
  });
  const hasFailed = (await status) !== 0;
  process.stdout.write(`\n── ${title}\n${output}`);
  if (hasFailed) failures.push(`${title}: ${command} ${args.join(" ")}`);
}

/** A file's name, and what it is run on. */
const titleOf = (path, backend) => (backend ? `${path} on ${TITLES[backend]}` : path);

/** A file, and the environment that says what it is run on and where it believes to be. */
function runOf(file, backend) {
  const place = placeOf(titleOf(file.path, backend));
  return { file, environment: { ...place, ...(backend && { TEST_BACKEND: backend }) } };
}

async function run({ files, environment }) {
  const titled = (path) => titleOf(path, environment.TEST_BACKEND);
  const paths = files.map(({ path }) => path);
  const result = await runTestFiles(paths, {
    environment,
    timeoutSeconds: MAX_JOB_SECONDS,
    isQuiet: true,
  });
  const { seconds, secondsOf, failedFiles, isCutOff, output, processorSeconds } = result;
  const isShared = paths.length > 1;
  const cutOff = isCutOff ? `It was not over after ${MAX_JOB_SECONDS} s.\n` : "";
  const place = environment.TZ ? ` in ${environment.TZ}` : "";
  process.stdout.write(
    `\n── ${paths.map(titled).join(",\n   ")}${place}, ${seconds} s, ${processorSeconds.toFixed(1)} s of a processor\n${output}${cutOff}`,
  );
  results.push(result);
  for (const path of paths)
    timings.push({
      title: titled(path),
      seconds: isShared ? (secondsOf[path] ?? 0) : seconds,
      processorSeconds: isShared ? (result.processorSecondsOf[path] ?? 0) : processorSeconds,
    });
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  for (const path of failedFiles)
    failures.push(`${titled(path)}: ${settings.join("")}npm test ${path}`);
}

function sum(property) {
  return results.reduce((total, result) => total + result[property], 0);
}

/** The files in that order, the most first, with their seconds and those of a processor. */
const listOf = (property) =>
  timings
    .toSorted((one, other) => other[property] - one[property])
    .map(({ seconds, processorSeconds, title }) =>
      [seconds, processorSeconds]
        .map((figure) => `${figure.toFixed(1).padStart(7)} s`)
        .concat(` ${title}`)
        .join(""),
    );

function printReport() {
  const slow = listOf("seconds").slice(0, MAX_SLOW_FILES);
  const dear = listOf("processorSeconds").slice(0, MAX_SLOW_FILES);
  const processorMinutes = (sum("processorSeconds") / 60).toFixed(1);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  process.stdout.write(
    `\n── The slowest files, beside what each used of a processor\n${slow.join("\n")}\n`,
  );
  process.stdout.write(`\n── Those that used most of a processor\n${dear.join("\n")}\n`);
  if (process.env.TIMINGS_FILE)
    writeFileSync(process.env.TIMINGS_FILE, `${listOf("processorSeconds").join("\n")}\n`);
  process.stdout.write(
    `\n${sum("tests")} tests in ${timings.length} runs of files, in ${results.length} processes, ${sum("skipped")} of them skipped, in ${minutes} minutes, with ${processorMinutes} minutes of a processor, beside what browsers and databases used; all processors were in use for ${Math.round(100 * (1 - idleShare()))}% of the time\n`,
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
await startServices();
const isThere = {
  postgres: process.env.TEST_DATABASE_URL,
  replicas: process.env.TEST_DATABASE_URL && process.env.TEST_REDIS_URL,
};
const jobs = planJobs(
  files.flatMap((file) => [
    runOf(file, null),
    ...file.backends
      .filter((backend) => isThere[backend] && !process.env.TEST_BACKEND)
      .map((backend) => runOf(file, backend)),
  ]),
);
const running = (...ways) => jobs.filter(({ files: [file] }) => ways.includes(file.runs));
await runInLanes(
  {
    working: [...(chosen.length ? [] : CHECKS), ...running("beside", "apart")],
    waiting: running("waiting"),
  },
  CONCURRENCY,
  (job) => ("command" in job ? check(job) : run(job)),
);
process.stdout.write("\n── Tests that run alone\n");
for (const job of running("alone")) await run(job);
printReport();
if (process.env.FAILURES_FILE)
  writeFileSync(process.env.FAILURES_FILE, failures.map((line) => `${line}\n`).join(""));
process.exit(failures.length ? 1 : 0);
