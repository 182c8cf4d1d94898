#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one, or the one that npm installed beside us.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

const MINIMUM_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) >= MINIMUM_MAJOR) {
  // What was compiled once starts in half the time.
  module.enableCompileCache();
  // The repository has the sources, the published package what they are compiled to.
  const sources = new URL("../src/cli/main.ts", import.meta.url);
  const built = new URL("../dist/cli/main.js", import.meta.url);
  const { main } = await import((existsSync(sources) ? sources : built).href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = newerNode();
  if (node === null) {
    process.stderr.write(
      `colloquy needs Node ${MINIMUM_MAJOR} or newer; this is ${process.version}. Install one from nodejs.org or by your system's package manager.\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, COLLOQUY_LAUNCHER: String(process.pid) },
  });
  // Whoever ends this process ends the one that does the work, which may want to finish something first.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code;
  });
}

/** The Node of the npm package `node`, if that is installed. */
function newerNode() {
  try {
    return module.createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    return null;
  }
}
