/* The bench: `npm run bench`, see README.md beside this file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, requireMachine } from "./machine.ts";
import { measureScenario, type ScenarioResult } from "./measure.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { endProcessesOnExit, pinOurselves } from "./processes.ts";
import { formatResult } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { startModel } from "./targets.ts";

const NOTE = `Ours answers the messages of one conversation one after the other. Independent users are what is
measured, so every round spreads its requests over 2,000 new conversations (open: one a stream), never
two at a time in one; the baselines do not care. "compared" is the median of the rounds.`;

async function measureAll(options: Options, directory: string): Promise<ScenarioResult[]> {
  let paths = 0;
  const newPath = (name: string): string => {
    paths += 1;
    return join(directory, `${paths}-${name}`);
  };
  const { model, modelPort } = await startModel(options, newPath);
  await using _ = model;
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS) {
    if (!options.only.includes(scenario.name)) continue;
    const result = await measureScenario(scenario, { options, model, modelPort, newPath });
    process.stdout.write(`${formatResult(result, options)}\n`);
    results.push(result);
  }
  return results;
}

function exitCodeFor(results: readonly ScenarioResult[], isStrict: boolean): number {
  if (results.some(({ errors }) => errors.length > 0)) return 1;
  const isMissed = results.some(({ findings }) => findings.some(({ isMet }) => isMet === false));
  return isStrict && isMissed ? 2 : 0;
}

function writeJson(file: string, machine: readonly string[], results: readonly ScenarioResult[]) {
  const scenarios = results.map(({ scenario, ...rest }) => ({ name: scenario.name, ...rest }));
  writeFileSync(file, `${JSON.stringify({ machine, scenarios }, null, 2)}\n`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return 0;
  }
  requireMachine(options);
  endProcessesOnExit();
  pinOurselves(options.loadProcessor);
  if (options.niceness !== undefined) setPriority(options.niceness);
  const directory = mkdtempSync(join(options.workDirectory ?? tmpdir(), "colloquy-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const machine = describeMachine(options, directory);
  process.stdout.write(`${machine.join("\n")}\n${NOTE}\n\n`);
  const results = await measureAll(options, directory);
  if (options.jsonFile) writeJson(options.jsonFile, machine, results);
  return exitCodeFor(results, options.isStrict);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
