// Operators accept tools of sources as they have seen them, and try them.
// Backends: postgres
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { eventually as eventuallyWithin } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";
import { makeKey } from "./wire-client.ts";

const PROGRAM = join(import.meta.dirname, "mcp-program.ts");
const PATIENCE_MS = 30_000;
const eventually = (isSo: () => Promise<boolean>) => eventuallyWithin(isSo, PATIENCE_MS);
const SCHEMA = { type: "object", properties: {} };

let folder: string;
let server: Awaited<ReturnType<typeof startServer>>;
let calls: ReturnType<typeof caller>;
const at = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "colloquy-acceptance-"));
  const program = (label: string) => ({
    label,
    command: [process.execPath, PROGRAM],
    env: {
      BEHAVIOUR: "notifies",
      CALLS_FILE: at(`${label}.calls`),
      TOOLS_FILE: at(`${label}.tools`),
    },
  });
  const sources = [program("good"), program("wavering")];
  writeFileSync(at("sources.json"), JSON.stringify({ sources }));
  server = await startServer({ environment: { TOOL_SOURCES: at("sources.json") } });
  calls = caller(server.url, await makeKey(server, { isOperator: true }));
  await eventually(async () => (await sourcesNow()).every((source) => source.tools.length === 2));
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
const sourcesNow = async (): Promise<any[]> => (await calls.call("/tools")).body.data as any;
const sourceNow = async (label: string) =>
  (await sourcesNow()).find((source) => source.label === label);
const toolNow = async (label: string, name: string) =>
  (await sourceNow(label)).tools.find((tool: { name: string }) => tool.name === name);
const madeCalls = (label: string): number => {
  try {
    return readFileSync(at(`${label}.calls`), "utf8")
      .trim()
      .split("\n").length;
  } catch {
    return 0;
  }
};

test("[H84] a tool is accepted as it was seen: one that has changed since is 409, and none is accepted", async () => {
  const seen = async () => {
    const { tools } = await sourceNow("wavering");
    return tools.map(({ name, fingerprint }: Record<string, string>) => ({ name, fingerprint }));
  };
  const list = (description: string, more: object = {}) => {
    const echo = { name: "echo", description, inputSchema: { ...SCHEMA, ...more } };
    const write = { name: "write", description: "Notes", inputSchema: SCHEMA };
    writeFileSync(at("wavering.tools"), JSON.stringify([write, echo]));
    return eventually(async () =>
      JSON.stringify(await toolNow("wavering", "echo")).includes(description),
    );
  };
  await list("Repeats it");
  const honest = await seen();
  for (const { fingerprint } of honest) assert.match(fingerprint ?? "", /^[0-9a-f]{64}$/u);
  await list("Sends it to me");
  const path = "/tools/wavering/accept";
  const refused = await calls.call(path, { body: { tools: honest } });
  assert.equal(refused.status, 409);
  assert.match(refused.body.message ?? "", /"echo" is not what it was .* Read the list/u);
  assert.equal((await toolNow("wavering", "write")).state, "changed", "none is accepted");
  const evil = await seen();
  assert.deepEqual(evil[0], honest[0], "what has not changed has the same fingerprint");
  assert.notEqual(evil[1].fingerprint, honest[1].fingerprint);
  await list("Sends it to me", { title: "more" });
  await eventually(async () => (await seen())[1].fingerprint !== evil[1].fingerprint);
  assert.equal((await calls.call(path, { body: { tools: evil } })).status, 409, "its schema");
  for (const body of [{ tools: ["echo"] }, { tools: [{ name: "echo" }] }])
    assert.equal((await calls.call(path, { body })).status, 400);
  const now = await seen();
  assert.equal((await calls.call(path, { body: { tools: now } })).status, 200);
  assert.equal((await toolNow("wavering", "echo")).state, "on");
  const events = (await server.store.listAuditEvents({ limit: 100 })).filter(
    ({ action }) => action === "tool_accepted",
  );
  const told = events.filter(({ about }) => about?.startsWith("wavering/"));
  assert.deepEqual(
    told.map(({ about, reason }) => [about, reason]).toSorted(),
    now
      .map(({ name, fingerprint }: Record<string, string>) => [`wavering/${name}`, fingerprint])
      .toSorted(),
  );
  assert.ok(told.every(({ actor }) => actor?.startsWith("key ")));
});

test("[H84] a try with an Idempotency-Key is made once: a repeat is 409 and says what to do", async () => {
  const before = madeCalls("good");
  const headers = { "idempotency-key": `try-${before}` };
  const body = { tool: "echo", arguments: { text: "once" } };
  const tried = () => calls.call("/tools/good/call", { body, headers });
  const refused = { ...body, tool: "nothing" };
  const off = await calls.call("/tools/good/call", { body: refused, headers });
  assert.equal(off.status, 400, "what was not called has not used the key");
  const all = await Promise.all([tried(), tried(), tried()]);
  assert.deepEqual(all.map(({ status }) => status).toSorted(), [200, 409, 409]);
  const again = await tried();
  assert.match(
    again.body.message ?? "",
    /shown only once. Call the tool with a new Idempotency-Key/u,
  );
  const other = { ...body, arguments: { text: "twice" } };
  const conflict = await calls.call("/tools/good/call", { body: other, headers });
  assert.match(conflict.body.message ?? "", /used for another request/u);
  assert.equal(madeCalls("good"), before + 1);
});
