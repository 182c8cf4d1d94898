// What runs the tests: what files declare of themselves, and what becomes of one that fails.
// Runs: apart
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseCampaigns, fitsInto, limitOf, reportOf } from "../../scripts/campaign-report.ts";
import { placeOf } from "../../scripts/test-place.ts";
import { planJobs, readDeclarations, readTestFiles } from "../../scripts/test-plan.ts";
import { type RunResult, runInLanes } from "../../scripts/test-run.ts";

const ROOT = join(import.meta.dirname, "../..");
const FAILS_ONCE = `
  import { existsSync, writeFileSync } from "node:fs";
  import { test } from "node:test";
  const mark = new URL("./was-here", import.meta.url);
  test("it passes when it is run again", (context) => {
    context.diagnostic("a figure");
    if (existsSync(mark)) return;
    writeFileSync(mark, "");
    throw new Error("the first time");
  });
`;
const PASSES = `import { test } from "node:test"; test("it passes", () => {});`;

test("a test file says where and how it is run; what cannot be read is no declaration", () => {
  const text = (...lines: string[]) => `// What it proves.\n${lines.join("\n")}\nimport "x";\n`;
  assert.deepEqual(readDeclarations(text()), {
    backends: [],
    runs: "beside",
    takesSeconds: 0,
    campaign: null,
  });
  assert.deepEqual(
    readDeclarations(
      text(
        "// Backends: postgres, replicas",
        "// Runs: alone",
        "// Takes: 40 s",
        "// Campaign: KILLS middle=100 in 60 s, full=0.5 in 120 s",
      ),
    ),
    {
      backends: ["postgres", "replicas"],
      runs: "alone",
      takesSeconds: 40,
      campaign: {
        setting: "KILLS",
        sizes: { middle: { value: "100", seconds: 60 }, full: { value: "0.5", seconds: 120 } },
      },
    },
  );
  assert.deepEqual(readDeclarations(`import "x";\n// Runs: alone\n`).runs, "beside");
  for (const wrong of ["Backends: mysql", "Runs: sometimes", "Takes: long", "Campaign: KILLS 100"])
    assert.throws(() => readDeclarations(text(`// ${wrong}`)), wrong);
  assert.throws(() => readDeclarations(text("// Runs: alone", "// Runs: beside")), /twice/);
});

test("every test file's declarations can be read; wires and campaigns are found by them", () => {
  const files = readTestFiles(ROOT);
  const named = (name: string) => files.find((file) => file.name === name);
  assert.ok(files.length > 100);
  assert.ok(files.filter(({ backends }) => backends.length > 0).length >= 10);
  assert.deepEqual(named("turns")?.backends, ["replicas"]);
  assert.equal(named("crash")?.campaign?.setting, "KILLS");
});

test("files that say nothing share processes, each kind on its own; those that measure, wait or change theirs do not", () => {
  const fileOf = (path: string, more: object = {}) => ({
    ...{ path, name: path, backends: [], runs: "beside", takesSeconds: 0, campaign: null },
    ...more,
  });
  const runsOf = (...files: ReturnType<typeof fileOf>[]) =>
    files.map((file) => ({ file, environment: {} }));
  const jobs = planJobs([
    ...runsOf(
      fileOf("client/test/a"),
      fileOf("server/test/b", { runs: "apart" }),
      fileOf("server/test/c", { runs: "waiting", takesSeconds: 30 }),
      fileOf("server/test/d", { campaign: { setting: "SIZE" } }),
      fileOf("server/test/e"),
      fileOf("web/test/f"),
      fileOf("web/test/g", { takesSeconds: 25 }),
    ),
    { file: fileOf("server/test/e"), environment: { TEST_BACKEND: "replicas" } },
  ]);
  const named = jobs.map(({ files, environment }) => [
    ...files.map(({ path }) => path),
    ...Object.values(environment),
  ]);
  assert.deepEqual(named.slice(0, 2), [["server/test/c"], ["web/test/f", "web/test/g"]]);
  assert.deepEqual(
    new Set(named.slice(2).map(String)),
    new Set([
      "server/test/b",
      "server/test/d",
      "client/test/a,server/test/e",
      "server/test/e,replicas",
    ]),
  );
  const many = planJobs(runsOf(...Array.from({ length: 30 }, (_, index) => fileOf(`s/${index}`))));
  assert.ok(many.length > 2 && many.every(({ takesSeconds }) => takesSeconds <= 60));
});

/** Runs test files as the scripts do, but each process before the next. @param processes the texts of the files of each */
function runProcesses(...processes: readonly (readonly string[])[]) {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-suite-"));
  try {
    const jobs = processes.map((texts, number) =>
      texts.map((text, index) => {
        const file = join(folder, `${number}-${index}.test.mjs`);
        writeFileSync(file, text);
        return relative(ROOT, file);
      }),
    );
    const program = `
      import { runInLanes, runTestFiles } from "./scripts/test-run.ts";
      const results = [];
      const run = async (files) =>
        results.push(await runTestFiles(files, { timeoutSeconds: 60, isQuiet: true }));
      await runInLanes(
        { working: ${JSON.stringify(jobs)}, waiting: [] }, { working: 1, waiting: 1, most: 1 }, run);
      console.log("RESULTS " + JSON.stringify(results));
    `;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const bin = join(ROOT, "node_modules/.bin");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", program],
      { cwd: ROOT, env: { ...env, PATH: `${bin}:${env.PATH}` }, encoding: "utf8" },
    );
    const line = stdout.split("\n").find((it) => it.startsWith("RESULTS "));
    const results = JSON.parse(line?.slice("RESULTS ".length) ?? stderr);
    return results.map(
      ({ failed, failedFiles, secondsOf, tests, figures, isCutOff }: RunResult) => ({
        ...{ failed, tests, figures, isCutOff },
        failedFiles: failedFiles.map((file) => basename(file)),
        timed: Object.keys(secondsOf).map((file) => basename(file)),
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("jobs that work and jobs that wait begin at once; while processors are idle more are begun, up to a bound", async () => {
  const idle = { share: 0, looks: 0 };
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const whole = runInLanes(
    { working: ["a", "b", "c"], waiting: ["x", "y", "z"] },
    { working: 1, waiting: 1, most: 4 },
    async (job) => {
      begun.push(job);
      await new Promise<void>((resolve) => ends.set(job, resolve));
    },
    {
      everyMs: 1,
      idleShare() {
        idle.looks++;
        return idle.share;
      },
    },
  );
  /** What has been begun when the processors have been looked at so often. */
  const afterLooks = async (count: number) => {
    for (const until = idle.looks + count; idle.looks < until; ) await sleep(1);
    return begun.join("");
  };
  assert.equal(await afterLooks(9), "ax", "on busy processors one of each");
  idle.share = 0.5;
  assert.equal(await afterLooks(9), "axyz", "what waits is begun before what works");
  for (const job of begun) {
    ends.get(job)?.();
    await sleep(1);
  }
  await whole;
  assert.equal(begun.toSorted().join(""), "abcxyz", "each once");
});

test("a file that fails once has failed, and the files after it are run", () => {
  const [first, second] = runProcesses([FAILS_ONCE], [PASSES]);
  assert.deepEqual(first, {
    ...{ failed: true, tests: 1, figures: ["a figure"], isCutOff: false },
    ...{ failedFiles: ["0-0.test.mjs"], timed: ["0-0.test.mjs"] },
  });
  assert.deepEqual(second, {
    ...{ failed: false, tests: 1, figures: [], isCutOff: false },
    ...{ failedFiles: [], timed: ["1-0.test.mjs"] },
  });
});

test("of files that share a process it is known which have failed; if the process itself fails, all have", () => {
  const [shared, unreadable, died] = runProcesses(
    [PASSES, FAILS_ONCE, PASSES],
    [PASSES, `throw new Error("it cannot be loaded");`],
    [PASSES, `import { test } from "node:test"; test("it ends", () => process.exit(0));`],
  );
  assert.deepEqual(shared, {
    ...{ failed: true, tests: 3, figures: ["a figure"], isCutOff: false },
    failedFiles: ["0-1.test.mjs"],
    timed: ["0-0.test.mjs", "0-1.test.mjs", "0-2.test.mjs"],
  });
  assert.deepEqual(unreadable.failedFiles, ["1-1.test.mjs"]);
  assert.deepEqual(died.failedFiles, ["2-0.test.mjs", "2-1.test.mjs"]);
  assert.equal(died.failed, true);
});

test("campaigns are chosen by name, the shortest first, fit into the time that is left, and are reported with figures", () => {
  const campaign = (name: string, seconds: number) => ({
    ...{ name, path: `${name}.test.ts`, backends: [], runs: "alone", takesSeconds: 0 },
    campaign: {
      setting: "SIZE",
      sizes: { middle: { value: "7", seconds }, full: { value: "70", seconds: 10 * seconds } },
    },
  });
  const files = [campaign("long", 90), campaign("short", 10)];
  const chosen = chooseCampaigns(files, [], "middle");
  assert.deepEqual(
    chosen.campaigns.map(({ name }: { name: string }) => name),
    ["short", "long"],
  );
  assert.deepEqual(chooseCampaigns(files, ["short", "none"], "middle").unknown, ["none"]);
  assert.deepEqual([fitsInto(90, 135), fitsInto(90, 134)], [true, false]);
  assert.deepEqual([limitOf(10), limitOf(90)], [120, 360]);
  const report = reportOf({
    ...{ size: "middle", commit: "abc", machine: "2 cores" },
    rows: [
      { ...chosen.campaigns[0]!, outcome: "passed", seconds: 9, figures: ["7 kills"] },
      { ...chosen.campaigns[1]!, seconds: 0, outcome: "not run: no time left" },
    ],
  });
  assert.match(report, /\| short \| SIZE=7 \| passed \| 9 \|/);
  assert.match(report, /\| long \| SIZE=7 \| not run: no time left \|/);
  assert.match(report, /- 7 kills/);
});

test("a test file believes to be at a place of its own, the same in every run; files are at all of them", () => {
  const titles = Array.from({ length: 100 }, (_, number) => `server/test/file-${number}.test.ts`);
  const { TZ, TEST_CLOCK } = process.env;
  const set = (settings: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(settings))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  };
  try {
    set({ TZ: undefined, TEST_CLOCK: undefined });
    const places = titles.map((title) => placeOf(title));
    assert.deepEqual(
      titles.map((title) => placeOf(title)),
      places,
    );
    assert.equal(new Set(places.map((place) => place.TZ)).size, 4);
    set({ TZ: "Asia/Tokyo" });
    assert.deepEqual(placeOf("any"), {}, "what was asked for stays");
  } finally {
    set({ TZ, TEST_CLOCK });
  }
});
