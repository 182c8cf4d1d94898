import { parseArgs } from "node:util";

const SCENARIO_NAMES = ["sync", "stream", "ttft", "open", "lists", "tools"] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export type Options = {
  readonly only: readonly ScenarioName[];
  readonly seconds: number;
  readonly rounds: number;
  readonly patienceSeconds: number;
  readonly niceness: number | undefined;
  readonly jsonFile: string | undefined;
  readonly isMarkdown: boolean;
  readonly baselinesDirectory: string | undefined;
  readonly targetFile: string | undefined;
  readonly targetEnvironment: Readonly<Record<string, string>>;
  readonly workDirectory: string | undefined;
  readonly seedDirectory: string | undefined;
  readonly listedMessages: number;
  readonly openStreams: number;
  readonly serverProcessor: number;
  readonly loadProcessor: number;
  readonly isStrict: boolean;
};

export const HELP = `Measures Colloquy against baselines on this machine (Linux, two processors).

  npm run bench -- [options]

  --only NAMES        scenarios, separated by commas: ${SCENARIO_NAMES.join(",")} (all)
  --seconds N         measured time of a run (3)
  --rounds N          runs of each server, in turns (5)
  --patience N        seconds to wait, before a run, for other work on the machine to end (10)
  --json FILE         write every figure of every round
  --markdown          print Markdown tables
  --strict            exit with 2 when a target is missed
  --nice=N            scheduling priority of all that we start; below 0 (root only) holds off other work
  --baselines DIR     run base-raw.mjs, base-sqlite.mjs and mock-llm.mjs of DIR instead of our own
  --target FILE       measure this server instead of Colloquy (same environment as a baseline)
  --env NAME=VALUE    a setting for the measured server, any number of times (all at their defaults)
  --work-dir DIR      where the databases go; a real disk (the system's directory for temporary files)
  --messages N        messages stored in Colloquy for lists (1000000)
  --seed-dir DIR      keep the data of lists there, and use what is there (made anew each time)
  --streams N         open streams of open (1000)
  --server-cpu N      the servers' processor (0)
  --load-cpu N        the processor of load generator and model (1)

Exit code: 0; 1 when a reply was wrong or missing; 2 with --strict when a target is missed.
`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

/** Null when help is asked for. @throws Error on an option it does not know or cannot use. */
export function readOptions(commandLine: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      help: flag,
      only: text,
      seconds: text,
      rounds: text,
      patience: text,
      nice: text,
      json: text,
      markdown: flag,
      strict: flag,
      baselines: text,
      target: text,
      env: { type: "string", multiple: true, default: [] },
      "work-dir": text,
      messages: text,
      "seed-dir": text,
      streams: text,
      "server-cpu": text,
      "load-cpu": text,
    },
  });
  if (values.help) return null;
  return {
    only: readScenarios(values.only),
    seconds: readNumber("seconds", values.seconds, 3, 0.2, 600),
    rounds: readNumber("rounds", values.rounds, 5, 1, 100),
    patienceSeconds: readNumber("patience", values.patience, 10, 0, 3600),
    niceness: values.nice === undefined ? undefined : readNumber("nice", values.nice, 0, -20, 19),
    jsonFile: values.json,
    isMarkdown: values.markdown,
    isStrict: values.strict,
    baselinesDirectory: values.baselines,
    targetFile: values.target,
    targetEnvironment: readEnvironment(values.env),
    workDirectory: values["work-dir"],
    seedDirectory: values["seed-dir"],
    listedMessages: readNumber("messages", values.messages, 1_000_000, 20_000, 100_000_000),
    openStreams: readNumber("streams", values.streams, 1000, 1, 20_000),
    serverProcessor: readNumber("server-cpu", values["server-cpu"], 0, 0, 4095),
    loadProcessor: readNumber("load-cpu", values["load-cpu"], 1, 0, 4095),
  };
}

function readScenarios(value: string | undefined): readonly ScenarioName[] {
  if (value === undefined) return SCENARIO_NAMES;
  const names = value.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !SCENARIO_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: there are ${SCENARIO_NAMES.join(", ")}`);
  }
  return SCENARIO_NAMES.filter((name) => names.includes(name));
}

function readNumber(
  name: string,
  value: string | undefined,
  fallback: number,
  minimum: number,
  maximum: number,
): number {
  const number = value === undefined ? fallback : Number(value);
  if (number >= minimum && number <= maximum) return number;
  throw new Error(`--${name} ${value}: a number from ${minimum} to ${maximum}`);
}

function readEnvironment(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const end = pair.indexOf("=");
      if (end < 1) throw new Error(`--env ${pair}: NAME=VALUE`);
      return [pair.slice(0, end), pair.slice(end + 1)];
    }),
  );
}
