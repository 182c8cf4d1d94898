// Public servers of the Model Context Protocol, unmodified, as sources of tools.
// Runs: waiting
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { caller } from "../chat-v1-client.ts";
import { eventually, type WorkFolder, workFolder } from "../cli-runner.ts";
import { startServer } from "../start-server.ts";
import { answering, asking, type ScriptedCall } from "../tool-steps.ts";
import { makeKey, type Server } from "../wire-client.ts";

/** A busy machine takes its time to start programs. */
const PATIENCE_MS = 60_000;
const PACKAGES = join(import.meta.dirname, "node_modules/@modelcontextprotocol");

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

let folder: WorkFolder;
let server: Server;
let calls: ReturnType<typeof caller>;

before(async () => {
  folder = await workFolder();
  await mkdir(folder.file("papers"));
  await writeFile(folder.file("papers/a.txt"), "The moon is far.\n");
  await writeFile(folder.file("secret.txt"), "Nobody reads this.\n");
  const source = (label: string, ...args: readonly string[]) => ({
    label,
    command: [process.execPath, join(PACKAGES, `server-${label}/dist/index.js`), ...args],
    env: { MEMORY_FILE_PATH: folder.file("memory.jsonl") },
    asks: false,
    // Otherwise what changes something asks after the first result.
    trusted: true,
  });
  const sources = [
    source("filesystem", folder.file("papers")),
    source("everything"),
    source("memory"),
  ];
  await writeFile(folder.file("sources.json"), JSON.stringify({ sources }));
  server = await startServer({ environment: { TOOL_SOURCES: folder.file("sources.json") } });
  calls = caller(server.url, await makeKey(server, { isOperator: true }));
  await eventually(async () => {
    const { data } = (await calls.call("/tools")).body;
    return data.every(({ is_up: isUp, tools }: Shown) => isUp && tools.length > 0);
  }, PATIENCE_MS);
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** The results of a turn by the ids of their calls, whose model makes those of a step at once. */
async function resultsOf(
  ...steps: readonly (readonly ScriptedCall[])[]
): Promise<Record<string, Shown>> {
  const id = await calls.newConversation();
  server.model.forget();
  server.model.next(...steps.map((step) => asking(step)), answering("Done"));
  const body = { content: "Do it", parts: true, steps: true };
  const said = (await calls.call(`/conversations/${id}/messages`, { body })).body.data[1];
  assert.equal(said.status, "complete");
  const results = said.parts.filter(({ type }: Shown) => type === "tool_result");
  return Object.fromEntries(
    results.map((result: Shown) => [result.callId ?? result.call_id, result]),
  );
}

test("[H83] the filesystem server reads and writes in its folder, and outside it nothing", async () => {
  const at = (name: string) => ({ path: folder.file(name) });
  const { read, outside, written, listed } = await resultsOf(
    [
      { id: "read", name: "filesystem__read_text_file", given: at("papers/a.txt") },
      { id: "outside", name: "filesystem__read_text_file", given: at("secret.txt") },
    ],
    [
      {
        ...{ id: "written", name: "filesystem__write_file" },
        given: { ...at("papers/b.txt"), content: "Near." },
      },
    ],
    [{ id: "listed", name: "filesystem__list_directory", given: at("papers") }],
  );
  assert.deepEqual([read.outcome, read.text.trim()], ["ok", "The moon is far."]);
  assert.equal(outside.outcome, "failed");
  assert.match(outside.text, /outside allowed directories/);
  assert.equal(written.outcome, "ok");
  assert.equal(await readFile(folder.file("papers/b.txt"), "utf8"), "Near.");
  assert.match(listed.text, /b\.txt/);
});

test("[H83] the memory server keeps what it is told, and the everything server answers in every kind of content", async () => {
  const entity = { name: "Ann", entityType: "person", observations: ["likes tea"] };
  const results = await resultsOf(
    [{ id: "kept", name: "memory__create_entities", given: { entities: [entity] } }],
    [
      { id: "found", name: "memory__search_nodes", given: { query: "tea" } },
      { id: "echo", name: "everything__echo", given: { message: "Hello" } },
      { id: "image", name: "everything__get-tiny-image" },
      { id: "weather", name: "everything__get-structured-content", given: { location: "Chicago" } },
      { id: "wrong", name: "everything__get-sum", given: { a: "x" } },
    ],
  );
  for (const [id, outcome, words] of [
    ["kept", "ok", /Ann/],
    ["found", "ok", /likes tea/],
    ["echo", "ok", /Hello/],
    ["image", "ok", /\[image: image\/png\]/],
    ["weather", "ok", /temperature/],
    ["wrong", "failed", /[Ii]nvalid/],
  ] as const) {
    assert.equal(results[id].outcome, outcome, id);
    assert.match(results[id].text, words);
  }
});
