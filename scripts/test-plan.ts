// What test files say of themselves, so that no script has a list of their names.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const BACKENDS = ["postgres", "replicas"];
const WAYS = ["beside", "apart", "waiting", "alone"];
/** The sizes of a campaign, beside the smoke size that the file itself has. */
export const SIZES = ["middle", "full"] as const;
export type Size = (typeof SIZES)[number];

export type Campaign = {
  /** The environment variable that says how much the file does. */
  readonly setting: string;
  /** Its value, and the seconds that this takes on two idle cores. */
  readonly sizes: Readonly<Record<Size, { readonly value: string; readonly seconds: number }>>;
};

export type Declarations = {
  /** What it is run on beside SQLite. */
  readonly backends: readonly string[];
  /**
   * `alone`: it measures time or memory; `waiting`: it waits more than it works; `apart`: it measures or changes its own
   * process; otherwise `beside`, and then it may share a process with others.
   */
  readonly runs: string;
  /** About how many seconds it takes on two idle cores where that is long; otherwise 0. The longest begin first. */
  readonly takesSeconds: number;
  readonly campaign: Campaign | null;
};

export type TestFile = Declarations & {
  /** From the root of the repository. */
  readonly path: string;
  /** The file's, without `.test.ts`. */
  readonly name: string;
};

/** Where the declarations are: the comment that a file begins with. */
const HEAD = /^(?:\/\/.*\n)*/;
const DECLARATION = /^\/\/ (Backends|Runs|Takes|Campaign): (.*)$/gm;
const TAKES = /^(\d+) s$/;
const CAMPAIGN = /^([A-Z_]+) middle=([\d.]+) in (\d+) s, full=([\d.]+) in (\d+) s$/;

/**
 * Reads the declarations of a test file:
 *
 *     // Backends: postgres, replicas
 *     // Runs: alone
 *     // Takes: 40 s
 *     // Campaign: KILLS middle=100 in 60 s, full=200 in 120 s
 *
 * A campaign without its setting has the smoke size, which `npm test` runs.
 * @param source the text of the file
 * @throws Error a declaration that cannot be read
 */
export function readDeclarations(source: string): Declarations {
  const said = new Map<string, string>();
  const [head = ""] = source.match(HEAD) ?? [];
  for (const [, name = "", value = ""] of head.matchAll(DECLARATION)) {
    if (said.has(name)) throw new Error(`'${name}' is declared twice`);
    said.set(name, value);
  }
  const backends = said.get("Backends")?.split(", ") ?? [];
  const unknown = backends.find((name) => !BACKENDS.includes(name));
  if (unknown !== undefined)
    throw new Error(`'${unknown}' is no back end; there are ${BACKENDS.join(", ")}`);
  const runs = said.get("Runs") ?? "beside";
  if (!WAYS.includes(runs)) throw new Error(`'Runs: ${runs}' is none of ${WAYS.join(", ")}`);
  const takes = said.get("Takes") ?? "0 s";
  const [, seconds] = takes.match(TAKES) ?? [];
  if (seconds === undefined) throw new Error(`'Takes: ${takes}' is not like 'Takes: 40 s'`);
  const campaign = said.get("Campaign");
  return {
    ...{ backends, runs, takesSeconds: Number(seconds) },
    campaign: campaign === undefined ? null : readCampaign(campaign),
  };
}

function readCampaign(declaration: string): Campaign {
  const match = declaration.match(CAMPAIGN);
  if (!match)
    throw new Error(
      `'Campaign: ${declaration}' is not like 'Campaign: KILLS middle=100 in 60 s, full=200 in 120 s'`,
    );
  const [, setting = "", middle = "", middleSeconds, full = "", fullSeconds] = match;
  return {
    setting,
    sizes: {
      middle: { value: middle, seconds: Number(middleSeconds) },
      full: { value: full, seconds: Number(fullSeconds) },
    },
  };
}

/** What a file that says nothing is taken to need. */
const USUAL_SECONDS = 5;
/** How much of their own time the files of one process have: a few processes are left to begin late, so that no core is idle at the end. */
const MAX_SHARED_SECONDS = 60;

/** A file, and what is set for its process: what it is run on, and where it believes to be. */
export type TestRun = {
  readonly file: TestFile;
  readonly environment: Readonly<Record<string, string>>;
};

/** What is run in one process, in this order. */
export type TestJob = {
  readonly files: readonly TestFile[];
  readonly environment: TestRun["environment"];
  readonly takesSeconds: number;
};

/**
 * Puts files into processes. Files that may share one, and are run in the same environment, are loaded by it together: two
 * thousand modules are then loaded once, and a browser or a shared server is started once. All others have one of their own.
 * @returns the jobs, the longest first
 */
export function planJobs(runs: readonly TestRun[]): TestJob[] {
  const jobs: TestJob[] = [];
  const open = new Map<string, TestJob>();
  for (const { file, environment } of runs) {
    const takesSeconds = file.takesSeconds || USUAL_SECONDS;
    const own = { files: [file], environment, takesSeconds };
    if (file.runs !== "beside" || file.campaign) {
      jobs.push(own);
      continue;
    }
    const kind = JSON.stringify([file.path.startsWith("web/"), environment]);
    const others = open.get(kind);
    if (others && others.takesSeconds + takesSeconds <= MAX_SHARED_SECONDS)
      open.set(kind, {
        ...{ files: [...others.files, file], environment },
        takesSeconds: others.takesSeconds + takesSeconds,
      });
    else {
      if (others) jobs.push(others);
      open.set(kind, own);
    }
  }
  return [...jobs, ...open.values()].toSorted(
    (one, other) => other.takesSeconds - one.takesSeconds,
  );
}

/**
 * All test files of the repository, in the order of their paths.
 * @param root the repository's folder
 */
export function readTestFiles(root: string): TestFile[] {
  return globSync("{client,server,web}/test/**/*.test.ts", { cwd: root })
    .filter((path) => !path.includes("node_modules"))
    .sort()
    .map((path) => {
      try {
        const declared = readDeclarations(readFileSync(join(root, path), "utf8"));
        return { path, name: basename(path, ".test.ts"), ...declared };
      } catch (error) {
        throw new Error(`${path}: ${(error as Error).message}`);
      }
    });
}
