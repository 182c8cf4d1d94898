// What the pages of the repository name is there.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const SKIPPED = /(?:^|\/)(?:node_modules|dist|data|\.git)(?:\/|$)/;
const everything = globSync("**/*", {
  cwd: ROOT,
  exclude: (path) => SKIPPED.test(String(path)),
}).map((path) => `/${path.split(sep).join("/")}`);
const pages = everything.filter((path) => path.endsWith(".md"));
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** In backticks: a file of a kind that the repository has, or a folder, by the end of its path. */
const PATH_IN_CODE =
  /`((?:[\w@.-]+\/)*[\w@.-]+\.(?:ts|tsx|mjs|md|cfg|conf|yaml|svg)|[\w@.-]+(?:\/[\w@.-]+)*\/)`/g;
const LINK = /\]\((?!https?:|mailto:)([^)\s]*)\)/g;
/** What the tests make, and what another bench's folder has. */
const ELSEWHERE = /^\.campaigns\/|^(?:base-raw|base-sqlite|mock-llm)\.mjs$/;

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
const anchorsOf = (page: string) =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

test("every link on a page leads to a file that exists, and to a heading on it", () => {
  const broken: string[] = [];
  let count = 0;
  for (const page of pages)
    for (const [, link = ""] of read(page).matchAll(LINK)) {
      count++;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      const target = join(ROOT, file);
      if (!existsSync(target)) broken.push(`${page}: ${link}`);
      else if (
        anchor !== undefined &&
        statSync(target).isFile() &&
        !anchorsOf(file).includes(anchor)
      )
        broken.push(`${page}: ${link} has no such heading`);
    }
  assert.ok(count >= 50, `only ${count} links were found`);
  assert.deepEqual(broken, []);
});

test("every file and folder that a page names exists", () => {
  const missing: string[] = [];
  let count = 0;
  for (const page of pages)
    for (const [, path = ""] of read(page).matchAll(PATH_IN_CODE)) {
      count++;
      const end = `/${path.replace(/\/$/, "")}`;
      if (!ELSEWHERE.test(path) && !everything.some((known) => known.endsWith(end)))
        missing.push(`${page}: ${path}`);
    }
  assert.ok(count >= 50, `only ${count} paths were found`);
  assert.deepEqual(missing, []);
});

test("the README has at most 120 lines, and introduces the wires before it numbers them", () => {
  const lines = read("README.md").split("\n");
  assert.ok(lines.length <= 121, `${lines.length} lines`);
  const text = lines.join("\n");
  const first = text.search(/\b00[0-4]\b/);
  const introduced = text.indexOf("A *wire* is");
  assert.ok(introduced >= 0 && introduced < first, "the wires are introduced first");
});
