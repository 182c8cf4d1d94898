// The layer table of ARCHITECTURE.md, executed. A folder that is missing from it fails.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

const MAY_IMPORT: Record<string, readonly string[]> = {
  domain: [],
  ports: ["domain"],
  core: ["domain", "ports"],
  http: ["domain"],
  dialects: ["domain", "core", "http"],
  adapters: ["domain", "ports"],
  config: ["domain", "core"],
  wiring: ["domain", "ports", "core", "http", "dialects", "adapters", "config"],
  cli: ["domain", "ports", "core", "http", "dialects", "adapters", "config", "wiring", "root"],
  root: ["domain", "ports", "core", "http", "adapters", "config", "wiring"],
};
/** Folders whose members never import each other. */
const ISOLATED: Record<string, number> = { dialects: 2, adapters: 3 };
/** What siblings share. */
const SHARED = [
  "adapters/stores/sql",
  "adapters/turn-logs/shared",
  "adapters/limiters/shared",
  "adapters/redis",
];
const PURE = ["domain", "ports", "core"];

const sources = resolve(import.meta.dirname, "../src");
const files = globSync("**/*.ts", { cwd: sources });
const layerOf = (file: string) => (file.includes(sep) ? file.split(sep)[0]! : "root");
const cellOf = (file: string) =>
  file
    .split(sep)
    .slice(0, ISOLATED[layerOf(file)] ?? 1)
    .join("/");
const IMPORT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s+["']([^"']+)["']|^\s*import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;
const specifiersOf = (file: string) =>
  [...readFileSync(join(sources, file), "utf8").matchAll(IMPORT)].map(
    ([, ...found]) => found.find(Boolean)!,
  );

assert.ok(files.length > 0, "found no sources: the check would pass without checking anything");

for (const file of files) {
  test(`imports of ${file}`, () => {
    const from = layerOf(file);
    assert.ok(from in MAY_IMPORT, `no rule for the folder ${from}/`);
    for (const specifier of specifiersOf(file)) {
      if (!specifier.startsWith(".")) {
        assert.ok(!PURE.includes(from), `${from} imports nothing from outside (${specifier})`);
        assert.ok(
          specifier.startsWith("node:") || !builtinModules.includes(specifier),
          `write node:${specifier}`,
        );
        continue;
      }
      const imported = relative(sources, resolve(sources, dirname(file), specifier));
      const to = layerOf(imported);
      if (from !== to)
        assert.ok(MAY_IMPORT[from]!.includes(to), `${from} may not import ${to} (${imported})`);
      else if (from in ISOLATED && !SHARED.includes(dirname(imported)))
        assert.equal(
          cellOf(imported),
          cellOf(file),
          `${file} reaches into its sibling ${imported}`,
        );
    }
  });
}

test("no source file has more than 300 lines", () => {
  const long = files.filter(
    (file) => readFileSync(join(sources, file), "utf8").split("\n").length > 301,
  );
  assert.deepEqual(long, []);
});
