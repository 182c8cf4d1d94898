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
/** What some siblings share. */
const SHARED_AMONG: Record<string, readonly string[]> = {
  "dialects/openai": [
    "dialects/completions",
    "dialects/responses",
    "dialects/realtime",
    "dialects/messages",
    "dialects/audio",
    "dialects/ui",
  ],
};
const PURE = ["domain", "ports", "core"];

const NAMED_IMPORT =
  /\b(?:import|export)\s+(?:type\s+)?(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*["'](\.[^"']+)["']/g;
const WHOLE_IMPORT =
  /\*\s+(?:as\s+\w+\s+)?from\s*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/g;
/** Not types: those name what a function that is exported takes and gives. */
const EXPORTED_VALUE = /^export (?:async )?(?:const|let|function\*?|class|enum) (\w+)/gm;
const FOUND_BY_FOLDER = /^server\/test\/(?:wires|toy-wire\/tests)\//;

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
      else if (
        from in ISOLATED &&
        !SHARED.includes(dirname(imported)) &&
        !SHARED_AMONG[cellOf(imported)]?.includes(cellOf(file))
      )
        assert.equal(
          cellOf(imported),
          cellOf(file),
          `${file} reaches into its sibling ${imported}`,
        );
    }
  });
}

test("TypeBox gives types alone: what it would build is built by http/schema.ts", () => {
  const loads = files.filter((file) =>
    /^import (?!type ).*from "typebox"/mu.test(readFileSync(join(sources, file), "utf8")),
  );
  assert.deepEqual(loads, []);
});

test("the sources have these folders, and no loose files but these", () => {
  const names = (path: string, isFolder: boolean) =>
    globSync("*", { cwd: join(sources, path), withFileTypes: true })
      .filter((entry) => entry.isDirectory() === isFolder)
      .map(({ name }) => name)
      .sort();
  assert.deepEqual(
    names("", true),
    Object.keys(MAY_IMPORT)
      .filter((it) => it !== "root")
      .sort(),
  );
  assert.deepEqual(names("", false), ["main.ts", "version.ts"]);
  assert.deepEqual(names("core", true), ["access", "importing", "tools", "turns", "voice"]);
  // A new subject is a folder.
  assert.deepEqual(names("core", false), [
    "agents.ts",
    "audit.ts",
    "conversations.ts",
    "file-sweep.ts",
    "files.ts",
    "health.ts",
    "many-conversations.ts",
    "memories.ts",
    "model-problems.ts",
    "models.ts",
    "observers.ts",
    "profiles.ts",
    "projects.ts",
    "saved-prompts.ts",
    "temporary-sweep.ts",
  ]);
  for (const layer of ["dialects", "adapters"])
    assert.deepEqual(names(layer, false), [], `${layer} has folders only`);
});

test("no source file has more than 300 lines", () => {
  const long = files.filter(
    (file) => readFileSync(join(sources, file), "utf8").split("\n").length > 301,
  );
  assert.deepEqual(long, []);
});

test("nothing is exported that nobody imports", () => {
  const root = resolve(sources, "../..");
  const all = globSync("{server,client,web}/{src,test}/**/*.{ts,tsx}", { cwd: root })
    .concat(globSync("{bench,scripts,web}/**/*.{ts,mjs}", { cwd: root }))
    .filter((file) => !file.includes("node_modules") && !file.startsWith("web/dist"));
  const textOf = new Map(
    all.map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
  );
  const named = new Set<string>();
  /** Files that are loaded by their path: whoever does so may use all of it. */
  const whole = new Set<string>(["server/src/cli/main.ts", "client/src/index.ts"]);
  for (const [file, text] of textOf) {
    const at = (path: string) => join(dirname(file), path).split(sep).join("/");
    for (const [, names = "", path = ""] of text.matchAll(NAMED_IMPORT))
      for (const name of names.split(","))
        named.add(
          `${at(path)} ${
            name
              .replace(/^\s*type\s/, "")
              .trim()
              .split(/\s/)[0]
          }`,
        );
    for (const [, one, other] of text.matchAll(WHOLE_IMPORT)) whole.add(at(one ?? other ?? ""));
  }
  assert.ok(named.size > 1000, `only ${named.size} imports were found`);
  const needless = [...textOf].flatMap(([file, text]) =>
    whole.has(file) || FOUND_BY_FOLDER.test(file)
      ? []
      : [...text.matchAll(EXPORTED_VALUE)]
          .map(([, name]) => `${file} ${name}`)
          .filter((place) => !named.has(place)),
  );
  assert.deepEqual(needless, [], "take `export` away, or delete what nothing uses");
});

test("who acts as whom is decided in core/access/access.ts alone", () => {
  const deciding = files.filter((file) =>
    /\{\s*\.\.\.(?:\w+\.)?principal\b/.test(readFileSync(join(sources, file), "utf8")),
  );
  assert.deepEqual(deciding, [join("core", "access", "access.ts")]);
});
