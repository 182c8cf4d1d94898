// Runs every check there is: the linter, the types, and all tests. Names of tests or folders as
// arguments run only those.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const chosen = process.argv.slice(2);

/** Tests that measure time or kill processes run alone, after the others. */
const ALONE = ["server/test/crash.test.ts", "server/test/fuzz.test.ts"];

function run(title, command, args) {
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (status === 0) return;
  process.stderr.write(
    `\n${title}: failed${error ? ` (${error.message})` : ""}. To run only this: ${command} ${args.slice(0, 6).join(" ")}${args.length > 6 ? " …" : ""}\n`,
  );
  process.exit(status ?? 1);
}

const runTests = (title, files, concurrency) =>
  files.length &&
  run(title, "node", [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${concurrency}`,
    ...files,
  ]);

if (!chosen.length) {
  run("Lint", "biome", ["check", "."]);
  run("Types", "tsc", ["-p", "tsconfig.json"]);
}
const all = globSync("{client,server}/test/**/*.test.ts").sort();
const files = chosen.length
  ? all.filter((file) => chosen.some((name) => file.includes(name)))
  : all;
if (!files.length) {
  process.stderr.write(`No test file has ${chosen.join(" or ")} in its name.\n`);
  process.exit(1);
}
runTests(
  "Tests",
  files.filter((file) => !ALONE.includes(file)),
  2,
);
runTests(
  "Tests that run alone",
  files.filter((file) => ALONE.includes(file)),
  1,
);
