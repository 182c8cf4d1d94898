// deploy/Dockerfile built without Docker: each stage is a folder, COPY takes what the ignore file lets through, RUN is
// run, and the last stage is started. Two kinds of RUN are answered from what is here already: `npm ci` by what the
// same lock file put into node_modules, and apt-get by asking whether there are such packages.
// Takes: 15 s
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Instruction, readDockerfile } from "./deploy-lint.ts";
import { freePort } from "./free-port.ts";
import { skipUnless } from "./skip.ts";

const root = resolve(import.meta.dirname, "../..");
const ignored = readFileSync(join(root, "deploy/Dockerfile.dockerignore"), "utf8")
  .trim()
  .split("\n");

/** By the last pattern that matches the path or a folder that it is in. */
function isSent(path: string): boolean {
  const parts = path.split("/");
  let isIncluded = true;
  for (const line of ignored) {
    const pattern = line.replace(/^!/, "");
    const isMatch = pattern.startsWith("**/")
      ? parts.includes(pattern.slice(3))
      : pattern === "**" || `${path}/`.startsWith(`${pattern}/`);
    if (isMatch) isIncluded = line.startsWith("!");
  }
  return isIncluded;
}

type Locked = {
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
};
const lock: Readonly<Record<string, Locked>> = JSON.parse(
  readFileSync(join(root, "package-lock.json"), "utf8"),
).packages;

/** Where the lock file puts that dependency of the package at that place, or null. */
function placeOf(name: string, from: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const place = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (lock[place]) return place;
    if (folder === "") return null;
  }
}

/** Every package that one needs, with those that they need. */
function neededBy(place: string, found = new Set<string>()): Set<string> {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = lock[place] ?? {};
  for (const name of Object.keys({
    ...dependencies,
    ...optionalDependencies,
    ...peerDependencies,
  })) {
    const needed = placeOf(name, place);
    if (needed === null || found.has(needed)) continue;
    found.add(needed);
    neededBy(needed, found);
  }
  return found;
}

test("the lock file names every dependency of every package, so that npm ci takes it on any platform", () => {
  const missing = Object.entries(lock).flatMap(([place, entry]) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = entry;
    const peers = Object.keys(peerDependencies).filter(
      (name) => !peerDependenciesMeta[name]?.optional,
    );
    return [
      ...Object.keys({
        ...entry.dependencies,
        ...entry.optionalDependencies,
        ...(place.startsWith("node_modules/") ? {} : entry.devDependencies),
      }),
      ...peers,
    ]
      .filter((name) => placeOf(name, place) === null)
      .map((name) => `${name} of ${place || "the workspace"}`);
  });
  assert.deepEqual(missing, []);
  assert.doesNotMatch(
    readFileSync(join(root, "package-lock.json"), "utf8"),
    /"resolved": "https?:/,
  );
});

type Stage = { readonly folder: string; workFolder: string; environment: Record<string, string> };

/** What of the image's own is needed: the path in the stage's folder of a path in the image. */
const inStage = ({ folder, workFolder }: Stage, path: string): string =>
  join(folder, path.startsWith("/") ? path : join(workFolder, path));

function copy(stage: Stage, value: string, stages: ReadonlyMap<string, Stage>): void {
  const words = value.split(/\s+/);
  const from = /^--from=(\S+)$/.exec(words[0] ?? "")?.[1];
  const [to = "", ...sources] = words.slice(from ? 1 : 0).reverse();
  const other = from === undefined ? null : stages.get(from);
  assert.ok(other !== undefined, `there is no stage ${from}`);
  for (const source of sources) {
    const path = other ? inStage(other, source) : join(root, source);
    assert.ok(
      other !== null || isSent(source),
      `COPY ${value}: ${source} is not sent to the build`,
    );
    assert.ok(existsSync(path), `COPY ${value}: there is no ${source}`);
    const isIntoFolder = /\/$|^\.$/.test(to) && !statSync(path).isDirectory();
    const target = inStage(stage, isIntoFolder ? join(to, basename(source)) : to);
    mkdirSync(dirname(target), { recursive: true });
    if (source.endsWith("node_modules")) {
      link(path, target);
      continue;
    }
    cpSync(path, target, {
      recursive: true,
      filter: (one) => other !== null || isSent(one.slice(root.length + 1)),
    });
  }
}

/** Many small files, none of which changes: as links to the same data. */
function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const { status, stderr } = spawnSync("cp", ["-al", from, to], { encoding: "utf8" });
  if (status === 0) return;
  assert.match(stderr, /cross-device/i);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** What only builds is used where it is; what becomes part of the image finds nothing beside itself. */
function npmCi(stage: Stage, command: string): void {
  const modules = inStage(stage, "node_modules");
  mkdirSync(modules);
  const isForServer = command.includes("--omit=dev") && command.includes("--workspace=server");
  assert.ok(isForServer || !command.includes("--omit"), `what does ${command} install?`);
  const wanted = isForServer
    ? [...neededBy("server"), "node_modules/colloquy"]
    : Object.keys(lock).filter((place) => place.startsWith("node_modules/"));
  for (const place of wanted.sort()) {
    const target = inStage(stage, place);
    if (!existsSync(join(root, place)) || existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    const isLink = lock[place]?.link === true;
    if (!isForServer && !isLink) symlinkSync(join(root, place), target);
    else if (isLink)
      symlinkSync(
        join(
          "../".repeat(place.split("/").length - 1),
          String((lock[place] as { resolved?: string }).resolved),
        ),
        target,
      );
    else link(join(root, place), target);
  }
}

const skip = skipUnless(
  process.platform === "linux" && existsSync("/usr/bin/apt-cache"),
  "apt-cache is not installed: this asks Debian for its packages",
);

function runIn(stage: Stage, command: string): void {
  if (/^npm ci\b/.test(command)) {
    npmCi(stage, command);
    return;
  }
  const packages = /apt-get install ((?:-\S+ )*)([^&]+)/.exec(command)?.[2];
  if (packages !== undefined) {
    for (const name of packages.trim().split(/\s+/)) {
      const { stdout } = spawnSync("apt-cache", ["policy", name], { encoding: "utf8" });
      assert.match(stdout, /Candidate: \d|Installed: \d/, `Debian has no ${name}`);
    }
    return;
  }
  // Owners are the image's matter.
  const here = command
    .replace(/ && chown \S+ \S+$/, "")
    .replace(/(?<=^mkdir )\/\S+/, (path) => inStage(stage, path));
  const { status, stdout, stderr } = spawnSync("sh", ["-ec", here], {
    cwd: inStage(stage, "."),
    encoding: "utf8",
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: stage.folder },
  });
  assert.equal(status, 0, `RUN ${command}\n${stdout}\n${stderr}`);
}

/** @returns the last stage */
function build(instructions: readonly Instruction[], home: string): Stage {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { name, value } of instructions) {
    if (name === "FROM") {
      const [, image = "", called = "last"] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(value) ?? [];
      const base = stages.get(image);
      stage = {
        folder: join(home, called),
        workFolder: base?.workFolder ?? "/",
        environment: { ...base?.environment },
      };
      if (base) link(base.folder, stage.folder);
      else mkdirSync(stage.folder);
      stages.set(called, stage);
      continue;
    }
    assert.ok(stage, "an instruction before FROM");
    if (name === "WORKDIR") {
      stage.workFolder = value;
      mkdirSync(inStage(stage, "."), { recursive: true });
    }
    if (name === "ENV")
      for (const [, key = "", text = ""] of value.matchAll(/(\w+)=(\S+)/g))
        stage.environment[key] = text;
    if (name === "COPY") copy(stage, value, stages);
    if (name === "RUN") runIn(stage, value);
  }
  assert.ok(stage);
  return stage;
}

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "colloquy-image-"));
});
after(() => rm(home, { recursive: true, force: true }));

test("the image builds stage by stage, and what it starts serves the page, hears and speaks", {
  skip,
}, async () => {
  const instructions = readDockerfile(readFileSync(join(root, "deploy/Dockerfile"), "utf8"));
  const stage = build(instructions, home);
  const [, ...command]: string[] = JSON.parse(
    instructions.findLast(({ name }) => name === "CMD")?.value ?? "",
  );
  assert.deepEqual(
    globSync("node_modules/{vite,typescript,@ricky0123}", { cwd: inStage(stage, ".") }),
    [],
  );
  const port = await freePort();
  const child = spawn(process.execPath, command, {
    cwd: inStage(stage, "."),
    env: {
      PATH: process.env.PATH,
      ...stage.environment,
      DATA_DIR: join(stage.folder, stage.environment.DATA_DIR ?? ""),
      PORT: String(port),
      HOST: "127.0.0.1",
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      LOG_LEVEL: "error",
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  try {
    let said = "";
    for await (const piece of child.stderr.setEncoding("utf8")) {
      said += piece;
      if (said.includes("Colloquy is running")) break;
    }
    assert.match(said, /Colloquy is running/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/app/`)).status, 200, "the page");
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    const body = JSON.parse(await health.text());
    assert.equal(health.status, 200, JSON.stringify(body));
    assert.match(String(body.engines.hears), /pocketsphinx/);
    assert.match(String(body.engines.speaks), /flite/);
    assert.ok(existsSync(join(stage.folder, "data/colloquy.db")));
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
});
