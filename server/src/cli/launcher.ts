import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The processes between this one and npm, or what else started it, each with its parent. */
type Links = readonly (readonly [pid: number, parent: number])[];

const INTERVAL_MS = 250;
/** npm, its shell, the launcher for an older Node, and as much again. */
const MAX_LINKS = 8;
/** Set by npm for whatever it runs. */
const NPM_MARK = "npm_lifecycle_event";
/** Set by bin/colloquy.js where it starts a newer Node. */
const LAUNCHER_MARK = "COLLOQUY_LAUNCHER";

/**
 * Calls back once, when npm has ended that started this process, or its shell, or the launcher for an
 * older Node. npm passes a signal on to its shell, which ends without passing it on to us; and what is
 * killed passes nothing on. Does nothing in a process that was started otherwise: it may outlive its parent.
 */
export function watchLauncher(onGone: () => void): Disposable {
  const links = linksToLauncher();
  const timer = setInterval(() => {
    if (links.every(isWhole)) return;
    clearInterval(timer);
    onGone();
  }, INTERVAL_MS).unref();
  if (links.length === 0) clearInterval(timer);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function linksToLauncher(): Links {
  const isByNpm = process.env[NPM_MARK] !== undefined;
  if (!isByNpm && process.env[LAUNCHER_MARK] !== String(process.ppid)) return [];
  const links: [number, number][] = [];
  for (let pid = process.pid; links.length < MAX_LINKS; ) {
    const parent = parentOf(pid);
    if (parent === null || parent <= 1) break;
    links.push([pid, parent]);
    // npm itself has not got what it sets for others.
    if (!isByNpm || !hasNpmMark(parent)) break;
    pid = parent;
  }
  return links;
}

/** A process whose parent has ended gets another one at once, before anybody has asked for its exit code. */
function isWhole([pid, parent]: readonly [number, number]): boolean {
  if (pid === process.pid) return process.ppid === parent;
  if (process.platform === "linux") return parentOf(pid) === parent;
  try {
    return process.kill(parent, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Null when there is no such process, or nothing that says so. */
function parentOf(pid: number): number | null {
  if (pid === process.pid) return process.ppid;
  try {
    const text =
      process.platform === "linux"
        ? // The name, in parentheses, may contain anything; its state and parent follow.
          readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) \S+ /s, "")
        : execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "latin1" });
    return Number.parseInt(text, 10) || null;
  } catch {
    return null;
  }
}

function hasNpmMark(pid: number): boolean {
  if (process.platform !== "linux") return pid === process.ppid;
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1")
      .split("\0")
      .some((entry) => entry.startsWith(`${NPM_MARK}=`));
  } catch {
    return false;
  }
}
