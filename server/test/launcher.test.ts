// `npm start` as a person, a process manager or the kernel ends it: the server ends too, in its own time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";

const root = resolve(import.meta.dirname, "../..");
const PATIENCE_MS = 60_000;
const CLOSING = /\nClosing[^\n]*waiting for replies/;

/** The real `npm start`, in a process group of its own, with everything it started. */
async function npmStart(environment: Readonly<Record<string, string>>) {
  const child = spawn("npm", ["start"], {
    cwd: root,
    detached: true,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: process.env.HOME,
      ...environment,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  const heard = new Set<() => void>();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const listener of heard) listener();
  });
  /** When nothing that it started has its standard error any more. */
  const ended = once(child.stderr, "close");
  const says = (words: RegExp) =>
    new Promise<void>((done, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`it does not say ${words}:\n${output}`)),
        PATIENCE_MS,
      );
      const look = () => {
        if (!words.test(output)) return;
        clearTimeout(timer);
        heard.delete(look);
        done();
      };
      heard.add(look);
      ended.then(() => fail(new Error(`it ended without ${words}:\n${output}`)));
      look();
    });
  const npm = child.pid ?? 0;
  await says(/Colloquy is running/).catch((error: unknown) => {
    process.kill(-npm, "SIGKILL");
    throw error;
  });
  return {
    npm,
    ended,
    says,
    output: () => output,
    async [Symbol.asyncDispose]() {
      try {
        process.kill(-npm, "SIGKILL");
      } catch {
        // Nothing is left of it.
      }
      await ended;
    },
  };
}

/** The first child of that process. */
const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);

const WAYS: readonly (readonly [name: string, end: (npm: number) => void])[] = [
  ["SIGTERM to npm", (npm) => process.kill(npm, "SIGTERM")],
  ["SIGKILL to npm", (npm) => process.kill(npm, "SIGKILL")],
  ["SIGKILL to npm's shell", (npm) => process.kill(childOf(npm), "SIGKILL")],
  ["Ctrl-C in the terminal", (npm) => process.kill(-npm, "SIGINT")],
];

for (const [name, end] of WAYS)
  test(`${name} lets the reply finish and leaves no server`, {
    skip: process.platform !== "linux" && "reads /proc",
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "colloquy-launcher-"));
    await using model = await startModelServer();
    const port = await freePort();
    try {
      await using started = await npmStart({
        PORT: String(port),
        HOST: "127.0.0.1",
        DATA_DIR: folder,
        LOG_LEVEL: "error",
        OPENAI_BASE_URL: model.url,
        MODEL: "scripted",
        OLLAMA_BASE_URL: "http://127.0.0.1:9",
      });
      const url = `http://127.0.0.1:${port}`;
      const { open, newConversation } = caller(url);
      const id = await newConversation();
      const events = allEvents(
        await open(`/conversations/${id}/messages/stream`, {
          body: { content: "{{reply tokens=6 hold=2}}" },
        }),
      );
      await model.held();
      end(started.npm);
      await started.says(CLOSING);
      model.release();
      assert.equal((await events).at(-2)?.data.status, "complete");
      await started.ended;
      await assert.rejects(fetch(url), "nothing listens any more");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
