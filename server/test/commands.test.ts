// The commands that texts tell people to run, and the script that they name.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const TEXTS =
  "{*.md,*.json,colloquy,{docs,deploy,scripts,bench}/**/*,{server,client,web}/{*,{src,bin,public}/**/*}}";
const READABLE = /(?:\.(?:md|json|ts|tsx|mjs|js|css|html|yml|yaml|cfg|sh|env)|file|colloquy)$/;

test("no text names a command that would run what a stranger publishes as colloquy", () => {
  const files = globSync(TEXTS, { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile() && READABLE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(?:node_modules|dist)\/|package-lock\.json$/.test(path));
  assert.ok(files.length > 300, `only ${files.length} files`);
  const fetching = /\b(?:npx|npm exec|npm x|pnpm dlx|yarn dlx|bunx)(?: --?\S+)* "?colloquy\b/;
  assert.deepEqual(
    files.filter((path) => fetching.test(readFileSync(path, "utf8"))),
    [],
  );
});

test("./colloquy is the command line, from any folder and through a link", () => {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-command-"));
  try {
    const link = join(folder, "colloquy");
    symlinkSync(join(ROOT, "colloquy"), link);
    for (const command of [join(ROOT, "colloquy"), link]) {
      const { status, stdout } = spawnSync(command, ["keys", "list", "--help"], {
        cwd: folder,
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin" },
      });
      assert.equal(status, 0);
      assert.match(stdout, /colloquy keys list/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the command has printed until it was told to go, which is once the server runs. */
async function printed(command: string, args: readonly string[], childrenBetween: number) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const closed = once(child, "close");
  let output = "";
  const runs = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Colloquy is running")) runs.resolve();
    });
  await Promise.race([
    runs.promise,
    closed.then(() => assert.fail(`It ended before it ran:\n${output}`)),
  ]);
  let server = child.pid ?? 0;
  for (let depth = 0; depth < childrenBetween; depth++) server = childOf(server);
  process.kill(server, "SIGTERM");
  await closed;
  return output;
}

/** The first child of that process. */
const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);

test("[X13] the code for the first key is shown on a terminal, and nowhere else", {
  skip: process.platform !== "linux" && "it asks for a terminal as Linux's script does",
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-terminal-"));
  try {
    const start = `PORT=0 HOST=127.0.0.1 DATA_DIR=${folder}/data OLLAMA_BASE_URL=http://127.0.0.1:9 exec ${join(ROOT, "colloquy")} serve`;
    const onTerminal = await printed("script", ["-qec", start, "/dev/null"], 1);
    assert.match(onTerminal, /^ {2}claim {3}(?:[a-z2-9]{5}-){5}[a-z2-9]{5} /m);
    const shipped = await printed("sh", ["-c", start], 0);
    assert.match(shipped, /\.\/colloquy keys create/);
    assert.match(shipped, /clients of OpenAI's API: base URL http:\/\/localhost:\d+\/v1/);
    assert.match(shipped, /programs that speak MCP: http:\/\/localhost:\d+\/mcp/);
    assert.doesNotMatch(shipped, /claim|(?:[a-z2-9]{5}-){5}/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
