// Every numbered promise has a test that is named by its number.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
/** The pages that define promises, each as `**[C3]**`. */
const DEFINITIONS = ["docs/wires/*.md", "docs/scaling.md"];
const DEFINED = /\*\*\[([A-Z]+\d+)\]\*\*/g;
const PROMISES = globSync(DEFINITIONS, { cwd: ROOT }).flatMap((file) =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(DEFINED)].map(([, id = ""]) => id),
);
/** A call of `test` or `describe` with its name in any quotes; not one that is skipped or commented out. */
const CALL =
  /(?<!\/\/.*)\b(?:test|it|describe|suite)(?:\.only)?\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;
const NUMBER = /\[([A-Z]+\d+)\]/g;

/** The names of all tests in that source. */
const namesIn = (source: string): string[] =>
  [...source.matchAll(CALL)].map(([, , name = ""]) => name);
const numbersIn = (name: string): string[] => [...name.matchAll(NUMBER)].map(([, id = ""]) => id);

/** The number of each promise that a test names, with the files that do. */
function readTests(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of globSync("{server,client,web}/test/**/*.test.ts", { cwd: ROOT })) {
    if (basename(file) === basename(import.meta.filename)) continue;
    for (const name of namesIn(readFileSync(join(ROOT, file), "utf8")))
      for (const id of numbersIn(name))
        found.set(id, (found.get(id) ?? new Set()).add(basename(file)));
  }
  return found;
}

test("every promise has a test that is named by its number", () => {
  const found = readTests();
  assert.deepEqual(
    PROMISES.filter((id) => !found.has(id)),
    [],
    "these have none",
  );
});

test("every promise that a test names is defined in docs/wires or docs/scaling.md, once", () => {
  const promises = new Set(PROMISES);
  assert.deepEqual(
    PROMISES.filter((id, index) => PROMISES.indexOf(id) !== index),
    [],
    "these are defined twice",
  );
  assert.ok(promises.size >= 61, `only ${promises.size} definitions were found`);
  const unknown = [...readTests()].filter(([id]) => !promises.has(id));
  assert.deepEqual(
    unknown.map(([id, files]) => `${id} in ${[...files].join(", ")}`),
    [],
  );
});

test("the names of tests are found in any quotes and on any line, and of no others", () => {
  const one = "[A1]";
  const source = [
    `test("${one} double \\"quoted\\" [A2]", () => {});`,
    `test('${one} single', {`,
    `test(\n  \`${one} \${count} [A3]\`,`,
    `describe("[A4] a group", () => {`,
    `test.skip("[A5] left out", () => {});`,
    `test.todo("[A6] to come");`,
    `latest("[A7] another function");`,
    `  // test("[A9] commented out", () => {});`,
    `// [A8] in a comment`,
  ].join("\n");
  assert.deepEqual(namesIn(source).flatMap(numbersIn), ["A1", "A2", "A1", "A1", "A3", "A4"]);
});

test("docs/promises.md names tests that there are", () => {
  const text = readFileSync(join(ROOT, "docs/promises.md"), "utf8");
  const named = [...text.matchAll(/`([\w-]+(?:\.test|\.contract)\.ts)`:\s+"([^"]+)"/g)];
  assert.ok(named.length >= 25, `only ${named.length} are named`);
  const missing = named.filter(([, file = "", name = ""]) => {
    // The server and the page may each have a file of that name.
    return !globSync(`{server,client,web}/test/${file}`, { cwd: ROOT }).some((path) => {
      const source = readFileSync(join(ROOT, path), "utf8");
      return file.endsWith(".contract.ts")
        ? source.includes(name)
        : namesIn(source).some((it) => it.replaceAll('\\"', '"').startsWith(name));
    });
  });
  assert.deepEqual(
    missing.map(([, file, name]) => `${file}: ${name}`),
    [],
  );
});
