// What `npm pack` makes of client/ and server/, installed and used as whoever gets it would: nothing of the repository
// is in reach but the tools that bundle and check types.
// Takes: 45 s
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { freePort } from "./free-port.ts";
import { startServer } from "./start-server.ts";

const root = resolve(import.meta.dirname, "../..");
const tool = (path: string) => join(root, "node_modules", path);
const PLATFORM_NODE = `node-${process.platform}-${process.arch}`;
const NPM = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

let home: string;
let consumer: string;
let archives: { readonly client: string; readonly server: string };
let server: Awaited<ReturnType<typeof startServer>>;

type Ran = { readonly code: number | null; readonly output: string; readonly problem: string };

async function run(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [[code], output, problem] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: code as number | null, output, problem };
}

async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output, problem } = await run(command, args, cwd);
  assert.equal(code, 0, `${command} ${args.join(" ")}\n${output}\n${problem}`);
  return output;
}

/** A copy of the repository, so that packing changes nothing that other tests run from. */
function copyRepository(to: string): void {
  for (const name of ["package.json", "package-lock.json", "tsconfig.base.json", "LICENSE"])
    cpSync(join(root, name), join(to, name), { preserveTimestamps: true });
  for (const name of ["client", "server", "web", "scripts"])
    cpSync(join(root, name), join(to, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) =>
        path === join(root, "web/dist") || !/\/(?:node_modules|test\/.+)$/.test(path),
    });
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
}

async function pack(folder: string): Promise<string> {
  const named = await succeed(
    "npm",
    ["pack", "--pack-destination", home, "--loglevel=error"],
    folder,
  );
  return join(home, basename(named.trim().split("\n").at(-1) ?? ""));
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), "colloquy-packages-"));
  consumer = join(home, "consumer");
  const copy = join(home, "repository");
  mkdirSync(consumer);
  mkdirSync(copy);
  copyRepository(copy);
  const manifest = readFileSync(join(copy, "client/package.json"), "utf8");
  // One after the other: both build the web app where it is older than its sources.
  const client = await pack(join(copy, "client"));
  const packed = await pack(join(copy, "server"));
  assert.equal(
    readFileSync(join(copy, "client/package.json"), "utf8"),
    manifest,
    "as it was before",
  );
  archives = { client, server: packed };
  writeFileSync(join(consumer, "package.json"), '{ "private": true }\n');
  await succeed(
    "npm",
    [
      "install",
      ...NPM,
      client,
      "esbuild",
      ...["20", "22"].map((version) => `node${version}@npm:${PLATFORM_NODE}@${version}`),
    ],
    consumer,
  );
  server = await startServer({ backend: "sqlite" });
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** What a program that uses the SDK does, after its import. */
const program = () => `
const client = createClient({ baseUrl: ${JSON.stringify(server.url)}, token: "local" });
client.conversations.start({ content: "Hello {{reply text=There}}" })
  .then((reply) => reply.text())
  .then((said) => console.log(said, typeof ColloquyError));
`;
const EXPECTED = "There function\n";
const asModule = () =>
  `import { ColloquyError, createClient } from "@colloquy/client";${program()}`;
const asScript = () =>
  `const { ColloquyError, createClient } = require("@colloquy/client");${program()}`;

test("the SDK's archive has JavaScript, declarations, a license and a README, and no sources or tests", async () => {
  const names = (await succeed("tar", ["-tzf", archives.client], home)).trim().split("\n");
  for (const name of [
    "package.json",
    "LICENSE",
    "README.md",
    "dist/esm/index.js",
    "dist/esm/index.d.ts",
    "dist/cjs/index.js",
    "dist/cjs/index.d.ts",
  ])
    assert.ok(names.includes(`package/${name}`), name);
  assert.deepEqual(
    names.filter((name) => /\/(?:src|test)\/|(?<!\.d)\.ts$|\.source\./.test(name)),
    [],
  );
});

test("Node 20, 22 and 24 import and require the SDK, and get a reply", async () => {
  const nodes = ["20", "22"].map((version) =>
    join(consumer, `node_modules/node${version}/bin/node`),
  );
  writeFileSync(join(consumer, "imports.mjs"), asModule());
  writeFileSync(join(consumer, "requires.cjs"), asScript());
  for (const node of [...nodes, process.execPath])
    for (const file of ["imports.mjs", "requires.cjs"])
      assert.equal(await succeed(node, [file], consumer), EXPECTED, `${node} ${file}`);
});

test("esbuild and Vite bundle the SDK, and tsc takes its types with nodenext and bundler", async () => {
  writeFileSync(join(consumer, "entry.js"), asModule());
  await succeed(
    join(consumer, "node_modules/.bin/esbuild"),
    ["entry.js", "--bundle", "--format=esm", "--outfile=by-esbuild.mjs"],
    consumer,
  );
  assert.equal(await succeed(process.execPath, ["by-esbuild.mjs"], consumer), EXPECTED);
  const vite = pathToFileURL(tool("vite/dist/node/index.js")).href;
  const options = {
    root: consumer,
    configFile: false,
    logLevel: "error",
    build: { outDir: "by-vite", lib: { entry: "entry.js", formats: ["es"], fileName: "bundle" } },
  };
  await succeed(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { build } from ${JSON.stringify(vite)}; await build(${JSON.stringify(options)});`,
    ],
    consumer,
  );
  const [bundle = ""] = readdirSync(join(consumer, "by-vite"));
  writeFileSync(join(consumer, "by-vite.mjs"), readFileSync(join(consumer, "by-vite", bundle)));
  assert.equal(await succeed(process.execPath, ["by-vite.mjs"], consumer), EXPECTED);

  const typed =
    'import { type Client, createClient, type Message } from "@colloquy/client";\nconst client: Client = createClient({ baseUrl: "", token: "x" });\nexport const last: Promise<Message[]> = client.messages.list("x");\n// @ts-expect-error There is no such option.\ncreateClient({ baseUrl: "", token: "x", nothing: 1 });\n';
  for (const file of ["typed.mts", "typed.cts", "typed.ts"])
    writeFileSync(join(consumer, file), typed);
  const check = (resolution: string, module: string, ...files: string[]) =>
    succeed(
      process.execPath,
      [
        tool("typescript/bin/tsc"),
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom,dom.iterable",
        "--types",
        "",
        "--module",
        module,
        "--moduleResolution",
        resolution,
        ...files,
      ],
      consumer,
    );
  await check("nodenext", "nodenext", "typed.mts", "typed.cts");
  await check("bundler", "esnext", "typed.ts");
});

test("the server's archive has the page, and npx starts it in an empty folder", async () => {
  const names = (await succeed("tar", ["-tzf", archives.server], home)).trim().split("\n");
  for (const name of [
    "LICENSE",
    "README.md",
    "bin/colloquy.js",
    "dist/main.js",
    "dist/main.d.ts",
    "dist/web/index.html",
    "models/silero_vad_v6.onnx",
    "models/LICENSE",
  ])
    assert.ok(names.includes(`package/${name}`), name);
  assert.deepEqual(
    names.filter((name) => /\/(?:src|test)\/|(?<!\.d)\.ts$/.test(name)),
    [],
  );

  const empty = join(home, "empty");
  mkdirSync(empty);
  // What npx unpacks goes with this test; what was downloaded before is used.
  const cache = join(home, "cache");
  mkdirSync(cache);
  const known = (await succeed("npm", ["config", "get", "cache"], home)).trim();
  if (existsSync(join(known, "_cacache")))
    symlinkSync(join(known, "_cacache"), join(cache, "_cacache"));
  const port = await freePort();
  const child = spawn("npx", ["--yes", ...NPM, join("..", basename(archives.server))], {
    cwd: empty,
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      npm_config_cache: cache,
      PORT: String(port),
      HOST: "127.0.0.1",
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      LOG_LEVEL: "error",
    },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const exited = once(child, "exit");
  try {
    await started(child);
    const url = `http://127.0.0.1:${port}`;
    const page = await fetch(`${url}/app/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<script/);
    const answer = await fetch(`${url}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"message": "Hello", "user_id": "ann"}',
    });
    assert.equal(answer.status, 200, await answer.text());
    assert.ok(existsSync(join(empty, "data/colloquy.db")));
    // The engines run in workers and processes of their own, which are files of the package.
    const health = await fetch(`${url}/health`);
    assert.equal(health.status, 200, await health.text());
  } finally {
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await exited;
  }
  const plain = join(home, "plain");
  mkdirSync(plain);
  await succeed("tar", ["-xzf", archives.server, "-C", plain], home);
  const { code, problem } = await run(
    join(consumer, "node_modules/node22/bin/node"),
    [join(plain, "package/bin/colloquy.js")],
    home,
  );
  assert.equal(code, 1);
  assert.match(problem, /needs Node 24 or newer; this is v22\./, "engines says the same");
});

/** @throws Error with what it said, if it ends first */
async function started(child: ChildProcess): Promise<void> {
  let said = "";
  for await (const piece of child.stderr?.setEncoding("utf8") ?? []) {
    said += piece;
    if (said.includes("Colloquy is running")) return;
  }
  throw new Error(`npx did not start it:\n${said}`);
}
