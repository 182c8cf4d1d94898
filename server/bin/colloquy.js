#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one, or the one that npm installed beside us.
import { spawnSync } from "node:child_process";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

const MINIMUM_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) >= MINIMUM_MAJOR) {
  // What was compiled once starts in half the time.
  module.enableCompileCache();
  const { main } = await import("../src/cli/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  let node;
  try {
    node = fileURLToPath(import.meta.resolve("node/bin/node"));
  } catch {
    try {
      node = module.createRequire(import.meta.url).resolve("node/bin/node");
    } catch {
      process.stderr.write(
        `colloquy needs Node ${MINIMUM_MAJOR} or newer; this is ${process.version}. Run 'npm install' first: it brings one along.\n`,
      );
      process.exit(1);
    }
  }
  const { status, signal } = spawnSync(
    node,
    [fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: "inherit" },
  );
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status ?? 1;
}
