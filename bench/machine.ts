import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import type { Options } from "./options.ts";

const TMPFS_MAGIC = 0x01021994;

/** @throws Error in words when this machine cannot run the bench. */
export function requireMachine({ serverProcessor, loadProcessor }: Options): void {
  if (process.platform !== "linux") {
    throw new Error(
      `the bench runs on Linux only (taskset, /proc); this is ${process.platform}. Colloquy itself does not mind.`,
    );
  }
  if (!isOnPath("taskset")) throw new Error("the bench needs taskset (Debian: util-linux)");
  if (serverProcessor === loadProcessor || cpus().length < 2 || availableParallelism() < 2) {
    throw new Error("the bench needs two processors: one for the servers, one for the load");
  }
  const schedule = readFileSync("/proc/self/schedstat", "utf8");
  if (!(Number(schedule.split(" ")[0]) > 0)) {
    throw new Error("this kernel keeps no /proc/*/task/*/schedstat, so CPU time cannot be told");
  }
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Lines about the machine, and what about it makes figures doubtful. */
export function describeMachine(options: Options, directory: string): string[] {
  const { serverProcessor, loadProcessor } = options;
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const lines = [
    `${cpus().length} × ${cpus()[0]?.model ?? "processor"}, ${gigabytes} GB, Linux ${release()}, Node ${process.version}`,
    `servers on processor ${serverProcessor}, load and model on ${loadProcessor}; ${options.rounds} rounds of ${options.seconds} s; baselines: ${options.baselinesDirectory ?? "our own"}`,
  ];
  if (options.targetFile) lines.push(`measured instead of Colloquy: ${options.targetFile}`);
  const settings = Object.entries(options.targetEnvironment);
  if (settings.length > 0) {
    lines.push(`not at its default: ${settings.map((pair) => pair.join("=")).join(" ")}`);
  }
  if (options.niceness !== undefined) lines.push(`niceness ${options.niceness}`);
  if (isSameCore(serverProcessor, loadProcessor)) {
    lines.push("WARNING: both processors are threads of one core and slow each other down");
  }
  if (statfsSync(directory).type === TMPFS_MAGIC) {
    lines.push(
      `WARNING: ${directory} is in memory, so a sync to disk costs nothing; use --work-dir`,
    );
  }
  return lines;
}

function isSameCore(first: number, second: number): boolean {
  try {
    const path = `/sys/devices/system/cpu/cpu${first}/topology/thread_siblings_list`;
    const ranges = readFileSync(path, "utf8").trim().split(",");
    return ranges.some((range) => {
      const [from = -1, to = from] = range.split("-").map(Number);
      return second >= from && second <= to;
    });
  } catch {
    return false;
  }
}
