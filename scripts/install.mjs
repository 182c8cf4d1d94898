// Runs on whatever Node the host has (20 or later), before `npm start` and `npm test`: brings node_modules (and
// with it the Node that everything else runs on) to what the lock file says, and does nothing if it is there.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = `${root}package-lock.json`;
/** The unmodified clients of others that the tests drive; installed with `--clients` alone. */
const CLIENTS = `${root}server/test/clients/`;
/** What `npm ci` reads besides what it downloads. */
const MANIFESTS = [
  "package.json",
  "package-lock.json",
  "client/package.json",
  "server/package.json",
  "server/bin",
  "web/package.json",
  "scripts/stubs",
];
const WORK_FOLDER = ".install-";
const NPM_CI = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];

/** Whether each package that the folder's lock file names is installed in its version, and no other is. */
function isCurrent(folder) {
  const installed = `${folder}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const packagesOf = (file) =>
    Object.entries(JSON.parse(readFileSync(file, "utf8")).packages).filter(([place]) =>
      place.startsWith("node_modules/"),
    );
  const there = new Map(packagesOf(installed));
  const named = new Map(packagesOf(`${folder}package-lock.json`));
  const isSame = (one, other) =>
    one.version === other.version && Boolean(one.link) === Boolean(other.link);
  return (
    [...there.keys()].every((place) => named.has(place)) &&
    [...named].every(([place, entry]) => {
      const present = there.get(place);
      // A package of another platform is not installed here.
      return present ? isSame(present, entry) : (entry.optional ?? entry.devOptional ?? false);
    })
  );
}

function npmCi(folder) {
  const { status, error } = spawnSync("npm", NPM_CI, {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  return status === 0 ? null : `Installing failed${error ? `: ${error.message}` : ""}.`;
}

/**
 * `npm ci` begins by deleting node_modules, from which a server of this folder may be running. So it
 * works in a folder beside, and the result takes the old one's place in two renames.
 * @returns what went wrong, or null
 */
function install() {
  const work = `${root}${WORK_FOLDER}${process.pid}`;
  try {
    mkdirSync(work);
    for (const name of MANIFESTS) cpSync(`${root}${name}`, `${work}/${name}`, { recursive: true });
    const problem = npmCi(work);
    if (problem) return problem;
    if (existsSync(`${root}node_modules`)) renameSync(`${root}node_modules`, `${work}/old`);
    renameSync(`${work}/node_modules`, `${root}node_modules`);
    return null;
  } catch (error) {
    // A node_modules that is a mount of its own cannot be renamed.
    if (error.code === "EBUSY" || error.code === "EXDEV") return npmCi(root);
    return `Installing failed: ${error.message}.`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Removes what an installation left that was killed. */
function removeLeftovers() {
  const isAlive = (pid) => {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return error.code === "EPERM";
    }
  };
  for (const name of readdirSync(root))
    if (name.startsWith(WORK_FOLDER) && !isAlive(Number(name.slice(WORK_FOLDER.length))))
      rmSync(`${root}${name}`, { recursive: true, force: true });
}

if (!isCurrent(root) || !existsSync(`${root}node_modules/.bin/node`)) {
  process.stderr.write("Installing what Colloquy needs (once, less than a minute) …\n");
  removeLeftovers();
  const problem = install();
  if (problem) {
    process.stderr.write(`${problem} Run 'npm ci' in ${root} to see why.\n`);
    process.exit(1);
  }
}

if (process.argv.includes("--clients") && !isCurrent(CLIENTS)) {
  process.stderr.write(
    "Installing the clients that the tests drive (once, less than a minute) …\n",
  );
  const problem = npmCi(CLIENTS);
  if (problem) {
    process.stderr.write(`${problem} Run 'npm ci' in ${CLIENTS} to see why.\n`);
    process.exit(1);
  }
}

// The web app, built once and again when its sources have changed.
const built = `${root}web/dist/index.html`;
const sources = [
  ...["web/src", "web/public", "client/src"].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true }).map((file) => `${folder}/${file}`),
  ),
  ...readdirSync(`${root}web`)
    .filter((file) => /\.(html|json|ts)$/.test(file))
    .map((file) => `web/${file}`),
];
const changedMs = Math.max(
  ...sources.map((file) => statSync(`${root}${file}`).mtimeMs),
  statSync(wanted).mtimeMs,
);
if (!existsSync(built) || statSync(built).mtimeMs < changedMs) {
  process.stderr.write("Building the web app (once, a few seconds) …\n");
  const { status, stdout, stderr } = spawnSync(
    `${root}node_modules/.bin/node`,
    [`${root}node_modules/vite/bin/vite.js`, "build", "--logLevel", "warn"],
    { cwd: `${root}web`, encoding: "utf8" },
  );
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}\nBuilding the web app failed.\n`);
    process.exit(1);
  }
}
