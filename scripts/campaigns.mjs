// Runs the campaigns: the test files that declare a size (`// Campaign: …`), larger than `npm test` runs them.
//
//     npm run test:campaigns -- [--size=middle|full] [--minutes=30] [--again] [names of files]
//
// What has passed is kept in `.campaigns/`, so that a run that was broken off goes on where it was, for as long as no
// source changes; `--again` runs everything once more. With `--minutes` only those are begun that fit into that time,
// and the others are named. The report is `.campaigns/report.md`.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chooseCampaigns, fitsInto, limitOf, reportOf } from "./campaign-report.ts";
import { readTestFiles, SIZES } from "./test-plan.ts";
import { installDebianPackages, ROOT, runTestFiles, startServices } from "./test-run.ts";

const FOLDER = join(ROOT, ".campaigns");
const STATE = join(FOLDER, "state.json");
const REPORT = join(FOLDER, "report.md");
const SOURCES = [
  "{client,server,web}/{src,test,bin}/**/*",
  "scripts/*.mjs",
  "package-lock.json",
  "{client,server,web}/package.json",
];

function giveUp(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        size: { type: "string", default: "middle" },
        minutes: { type: "string" },
        again: { type: "boolean", default: false },
      },
    });
    const minutes = values.minutes === undefined ? Infinity : Number(values.minutes);
    if (!SIZES.includes(values.size)) throw new Error(`--size is ${SIZES.join(" or ")}`);
    if (!(minutes > 0)) throw new Error("--minutes is a number of minutes above 0");
    return { size: values.size, minutes, isAgain: values.again, names: positionals };
  } catch (error) {
    return giveUp(error.message);
  }
}

/** What was tested: the same as long as no source, test or dependency has changed. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const path of globSync(SOURCES, { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort())
    hash.update(path).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

function commit() {
  const { status, stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : "unknown";
}

const { size, minutes, isAgain, names } = readArguments();
const startedAt = performance.now();
const secondsLeft = () => minutes * 60 - (performance.now() - startedAt) / 1000;
const files = readTestFiles(ROOT).filter(({ campaign }) => campaign);
const { campaigns, unknown } = chooseCampaigns(files, names, size);
if (unknown.length)
  giveUp(
    `There is no campaign ${unknown.join(", ")}; there are ${files.map(({ name }) => name).join(", ")}`,
  );

mkdirSync(FOLDER, { recursive: true });
const tested = fingerprint();
const known = existsSync(STATE) ? JSON.parse(readFileSync(STATE, "utf8")) : null;
const state = known?.fingerprint === tested ? known : { fingerprint: tested, ended: {} };
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;

/** Replaces the file as a whole, so that a run that is broken off leaves a good one. */
function write(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const keyOf = ({ name }) => `${name} ${size}`;
const outcomes = new Map();
const note = (campaign, outcome) => {
  outcomes.set(campaign.name, outcome);
  const rows = campaigns.map(({ seconds: _, ...campaign }) => ({
    ...campaign,
    ...(outcomes.get(campaign.name) ?? { outcome: "not run yet" }),
  }));
  write(REPORT, reportOf({ size, commit: commit(), machine, rows }));
};

installDebianPackages();
await startServices();
for (const campaign of campaigns) {
  const { name, path, setting, value, seconds } = campaign;
  const before = state.ended[keyOf(campaign)];
  if (before?.outcome === "passed" && !isAgain) {
    process.stdout.write(`\n── ${name} has passed before at this state of the sources\n`);
    note(campaign, before);
    continue;
  }
  if (!fitsInto(seconds, secondsLeft())) {
    note(campaign, { outcome: "not run: no time left" });
    continue;
  }
  process.stdout.write(`\n── ${name}: ${setting}=${value}, about ${seconds} s\n`);
  const limit = limitOf(seconds);
  const left = secondsLeft();
  const result = await runTestFiles([path], {
    environment: { [setting]: value },
    timeoutSeconds: Math.min(limit, left),
  });
  const isRun = result.tests > result.skipped;
  const passed = isRun ? "passed" : "not run: it was skipped here";
  const cutOff =
    limit <= left ? `failed: not over after ${limit} s` : "not run to its end: no time left";
  const ended = {
    outcome: result.isCutOff ? cutOff : result.failed ? "failed" : passed,
    seconds: result.seconds,
    figures: result.figures,
    at: new Date().toISOString(),
  };
  state.ended[keyOf(campaign)] = ended;
  write(STATE, JSON.stringify(state, null, 2));
  note(campaign, ended);
}
process.stdout.write(`\n${readFileSync(REPORT, "utf8")}\nThe report is ${REPORT}.\n`);
const hasFailed = [...outcomes.values()].some(({ outcome }) => outcome.startsWith("failed"));
process.exit(hasFailed ? 1 : 0);
