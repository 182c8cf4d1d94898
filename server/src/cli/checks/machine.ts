import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, failure, fine, warning } from "./finding.ts";

const MINIMUM_MAJOR = 24;

export function checkNode(): Finding {
  const { node } = process.versions;
  if (Number(node.split(".")[0]) >= MINIMUM_MAJOR) return fine("Node", node);
  return failure(
    "Node",
    `this is ${node}, and Colloquy needs ${MINIMUM_MAJOR} or newer`,
    "npm install brings one along; or install it from nodejs.org",
  );
}

/** Only this user may read the file, because it contains the keys of model providers. */
export async function checkEnvironmentFile(): Promise<Finding> {
  const check = ".env";
  const there = await stat(check).catch(() => null);
  if (!there)
    return fine(check, "none in this folder; the settings come from the environment alone");
  if ((there.mode & 0o077) === 0) return fine(check, "is for its owner alone");
  return warning(
    check,
    `other users of this machine may use it (mode ${modeOf(there.mode)}), and it is where keys are`,
    "chmod 600 .env",
  );
}

export const modeOf = (mode: number): string => (mode & 0o777).toString(8).padStart(4, "0");

const WRITTEN_YEAR = 2026;
const TOLERANCE_MS = 5 * 60_000;

/** Ids, times of messages and certificates depend on the clock. @param folder a folder with files that were written earlier */
export async function checkClock(folder: string | null): Promise<Finding> {
  const now = new Date();
  const remedy = "set the clock, and keep it right (timedatectl set-ntp true)";
  if (now.getUTCFullYear() < WRITTEN_YEAR)
    return failure("clock", `it says ${now.toISOString()}, which is long past`, remedy);
  const newest = folder === null ? 0 : await newestFileMs(folder);
  if (newest > now.getTime() + TOLERANCE_MS)
    return warning(
      "clock",
      `it says ${now.toISOString()}, but files in the data folder are from ${new Date(newest).toISOString()}: it went back`,
      remedy,
    );
  return fine("clock", now.toISOString());
}

async function newestFileMs(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...times);
}
