import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Processor time and memory, as /proc tells them. */
export type ProcessUse = { readonly cpuMicroseconds: number; readonly residentKilobytes: number };

/** A process may end between two reads; what is gone counts nothing. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function listIfThere(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** The process and everything it started, directly or not. */
export function processTree(processId: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/u.test(name)) continue;
    const stat = readIfThere(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [processId];
  for (const member of tree) tree.push(...(children.get(member) ?? []));
  return tree;
}

/** Of all threads of the process and of those it started. */
export function useOfTree(processId: number): ProcessUse {
  let nanoseconds = 0;
  let residentKilobytes = 0;
  for (const member of processTree(processId)) {
    for (const thread of listIfThere(`/proc/${member}/task`)) {
      const schedule = readIfThere(`/proc/${member}/task/${thread}/schedstat`);
      nanoseconds += Number(schedule.split(" ")[0] ?? 0);
    }
    const resident = /VmRSS:\s+(\d+)/u.exec(readIfThere(`/proc/${member}/status`))?.[1];
    residentKilobytes += Number(resident ?? 0);
  }
  return { cpuMicroseconds: nanoseconds / 1000, residentKilobytes };
}

const TICKS_PER_SECOND = 100;

/** What all processors together have worked since the start of the machine; steal included. */
function machineBusyMicroseconds(): number {
  const [, user = 0, nice = 0, system = 0, , , interrupt = 0, softInterrupt = 0, steal = 0] = (
    readIfThere("/proc/stat").split("\n")[0] ?? ""
  )
    .trim()
    .split(/\s+/u)
    .map(Number);
  const ticks = user + nice + system + interrupt + softInterrupt + steal;
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Above this share of one processor, other work on the machine spoils a figure. */
export const DISTURBED_SHARE = 0.1;

const CALM_WINDOW_MS = 300;

/** Resolves when the machine has been idle for a moment, or when patience ends. */
export async function waitForCalm(patienceMs: number): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const busyBefore = machineBusyMicroseconds();
    const startedAtMs = performance.now();
    await sleep(CALM_WINDOW_MS);
    const microseconds = (performance.now() - startedAtMs) * 1000;
    if (machineBusyMicroseconds() - busyBefore < DISTURBED_SHARE * microseconds) return;
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Watches a server, the model and ourselves over a stretch of time. */
export class Meter {
  readonly #serverIds: readonly number[];
  readonly #modelId: number;
  #start = { server: 0, model: 0, load: 0, machine: 0, atMs: 0 };

  /** @param servers one process, or several that serve together */
  constructor(servers: number | readonly number[], modelId: number) {
    this.#serverIds = [servers].flat();
    this.#modelId = modelId;
  }

  #read() {
    const { user, system } = process.cpuUsage();
    return {
      server: sum(this.#serverIds.map((id) => useOfTree(id).cpuMicroseconds)),
      model: useOfTree(this.#modelId).cpuMicroseconds,
      load: user + system,
      machine: machineBusyMicroseconds(),
      atMs: performance.now(),
    };
  }

  begin(): void {
    this.#start = this.#read();
  }

  end(): MachineUse {
    const now = this.#read();
    const microseconds = (now.atMs - this.#start.atMs) * 1000;
    const server = now.server - this.#start.server;
    const model = now.model - this.#start.model;
    const load = now.load - this.#start.load;
    const foreign = now.machine - this.#start.machine - server - model - load;
    return {
      seconds: microseconds / 1e6,
      serverCpuMicroseconds: server,
      serverShare: server / microseconds,
      loadShare: (model + load) / microseconds,
      foreignShare: Math.max(0, foreign / microseconds),
      serverResidentMegabytes:
        sum(this.#serverIds.map((id) => useOfTree(id).residentKilobytes)) / 1024,
    };
  }
}

/** Shares are of one processor. */
export type MachineUse = {
  readonly seconds: number;
  readonly serverCpuMicroseconds: number;
  readonly serverShare: number;
  /** The load generator and the model together: near 1, they are the limit, not the server. */
  readonly loadShare: number;
  /** Whatever else ran on the machine: above a few hundredths, it disturbs. */
  readonly foreignShare: number;
  readonly serverResidentMegabytes: number;
};
