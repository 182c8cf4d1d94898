// Runs on whatever Node the host has (20 or later), before `npm start` and `npm test`: brings node_modules (and
// with it the Node that everything else runs on) up to the lock file, and does nothing if it is.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const installed = `${root}node_modules/.package-lock.json`;
const wanted = `${root}package-lock.json`;
const isCurrent =
  existsSync(installed) &&
  existsSync(`${root}node_modules/.bin/node`) &&
  statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;

if (!isCurrent) {
  process.stderr.write("Installing what Colloquy needs (once, less than a minute) …\n");
  const { status, error } = spawnSync(
    "npm",
    ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: root, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" },
  );
  if (status !== 0) {
    process.stderr.write(
      `Installing failed${error ? `: ${error.message}` : ""}. Run 'npm install' in ${root} to see why.\n`,
    );
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
