// `colloquy mcp`: conversations as tools on standard input and output, and as a source of another server's tools.
// Takes: 12 s
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { caller } from "./chat-v1-client.ts";
import { COMMAND, eventually, finish, type WorkFolder, workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";
import { answering, asking } from "./tool-steps.ts";
import { ALICE, makeKey, type Server } from "./wire-client.ts";

const PATIENCE_MS = 30_000;

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

let server: Server;
let key: string;
let folder: WorkFolder;
before(async () => {
  folder = await workFolder();
  server = await startServer();
  key = await makeKey(server);
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const settings = () => ({ COLLOQUY_URL: server.url, COLLOQUY_KEY: key });
const rpc = (method: string, params: object = {}, id: unknown = 1) =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
const messagesIn = (stdout: string): Shown[] =>
  stdout
    .trimEnd()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe("[H96] colloquy mcp", () => {
  test("[H96] speaks with the protocol's own client, in its newest version and the one before, and ends with its input", async () => {
    for (const mode of ["auto", "legacy"] as const) {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [COMMAND, "mcp"],
        cwd: folder.path,
        env: { PATH: process.env.PATH ?? "", ...settings() },
      });
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      await using opened = new AsyncDisposableStack();
      opened.defer(() => client.close());
      await client.connect(transport);
      const version = mode === "auto" ? "2026-07-28" : "2025-11-25";
      assert.equal(client.getNegotiatedProtocolVersion(), version);
      const told = Promise.withResolvers<Shown>();
      server.model.forget();
      server.model.next({ text: `Hello, ${mode}`, hold: 1 });
      const saying = client.callTool(
        { name: "continue_conversation", arguments: { message: mode } },
        { onprogress: told.resolve },
      );
      const [progress] = await Promise.all([told.promise, server.model.held()]);
      assert.match(progress.message, /The message is stored/);
      server.model.release();
      const { structuredContent: said }: Shown = await saying;
      assert.deepEqual([said.status, said.text], ["complete", `Hello, ${mode}`]);
      const given = { conversation_id: said.conversation_id };
      const read: Shown = await client.callTool({ name: "read_conversation", arguments: given });
      assert.equal(read.structuredContent.messages.length, 2);
    }
    assert.equal(
      (
        await server.store.listConversations(
          { tenantId: "local", userId: ALICE },
          { limit: 9, offset: 0 },
        )
      ).total,
      2,
    );
  });

  test("[H96] writes nothing but messages, whatever comes in, and answers what came before its input ended", async () => {
    const input = [
      rpc("initialize", { protocolVersion: "2025-06-18" }, "a"),
      `${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`,
      "not json\n\n  \n",
      `${"x".repeat(2 * 1024 * 1024 + 1)}\n`,
      "[]\n",
      rpc("nothing", {}, 5),
      rpc("ping", {}, null),
      rpc("tools/list", {}, 7).trimEnd(),
    ].join("");
    const { code, stdout, stderr } = await folder.runProcess(["mcp"], {
      environment: settings(),
      input,
    });
    assert.deepEqual([code, stderr], [0, ""]);
    const messages = messagesIn(stdout);
    assert.ok(messages.every(({ jsonrpc }) => jsonrpc === "2.0"));
    const byId = (id: unknown) => messages.find((message) => message.id === id);
    assert.equal(byId("a").result.protocolVersion, "2025-06-18");
    assert.equal(byId(5).error.code, -32_601);
    assert.equal(byId(7).result.tools.length, 4);
    const errors = messages.filter(({ id }) => id === undefined).map(({ error }) => error.code);
    assert.deepEqual(errors.sort(), [-32_600, -32_600, -32_600, -32_700].sort());
    assert.equal(messages.length, 7);
  });

  test("[H96] a cancelled request is not waited for, and its reply goes on", async () => {
    const child = folder.start(["mcp"], { environment: settings() });
    const ended = finish(child, null);
    server.model.forget();
    server.model.next({ text: "one two", hold: 1 });
    const params = {
      name: "continue_conversation",
      arguments: { message: "Slowly", idempotency_key: "slow" },
    };
    child.stdin?.write(rpc("tools/call", params, "slow"));
    await server.model.held();
    const cancelled = {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: "slow" },
    };
    child.stdin?.write(`${JSON.stringify(cancelled)}\n`);
    child.stdin?.write(rpc("ping", {}, "after"));
    await new Promise<void>((resolve) => {
      createInterface({ input: child.stdout! }).on("line", (line) => {
        if (JSON.parse(line).id === "after") resolve();
      });
    });
    server.model.release();
    child.stdin?.end();
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.deepEqual(
      messagesIn(stdout).map(({ id }) => id),
      ["after"],
    );
    const { body } = await caller(server.url, key).call("/conversations");
    const path = `/conversations/${body.data[0].id}/messages`;
    await eventually(async () => {
      const { data } = (await caller(server.url, key).call(path)).body;
      return data[1]?.content === "one two";
    });
  });

  test("[H96] says what is wrong where there is no server, no key, or no sense in its options", async () => {
    const ask = (environment: Record<string, string>, args: readonly string[] = []) =>
      folder.runProcess(["mcp", ...args], { environment, input: rpc("tools/list") });
    const nobody = messagesIn((await ask({ COLLOQUY_URL: "http://127.0.0.1:9" })).stdout);
    assert.match(nobody[0].error.message, /No server answers at http:\/\/127\.0\.0\.1:9\/mcp/);
    const wrong = messagesIn((await ask({ ...settings(), COLLOQUY_KEY: "ck_wrong" })).stdout);
    assert.deepEqual([wrong[0].id, wrong[0].error.code], [1, 401]);
    await using other = await startOther();
    const { stdout } = await ask({ COLLOQUY_URL: other.url });
    assert.match(messagesIn(stdout)[0].error.message, /does not speak the Model Context Protocol/);
    await using mixed = await startOther("text/event-stream", "data: <html>\n\n");
    const [cut, ...more] = messagesIn((await ask({ COLLOQUY_URL: mixed.url })).stdout);
    assert.deepEqual([cut.id, more], [1, []], "what is no message is not passed on");
    assert.match(cut.error.message, /broke off/);
    await writeFile(folder.file("key"), `${key}\n`);
    const local = await ask({ PORT: String(server.port) }, ["--key-file", folder.file("key")]);
    assert.equal(messagesIn(local.stdout)[0].result.tools.length, 4);
    for (const [args, words, code] of [
      [["--url", "chat.example"], /no address of a server/, 2],
      [["--port", "1"], /Unknown option '--port'/, 2],
      [["--key-file", "nothing"], /nothing does not exist/, 1],
    ] as const) {
      const refused = await ask({}, args);
      assert.deepEqual([refused.code, refused.stdout], [code, ""]);
      assert.match(refused.stderr, words);
    }
  });
});

/** A server that speaks something else. */
async function startOther(type = "text/html", text = "<html>") {
  const other = createServer((_, response) =>
    response.writeHead(200, { "content-type": type }).end(text),
  );
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      other.closeAllConnections();
      other.close();
    },
  };
}

test("[H96] [H92] a server is a source of another one's tools, over HTTP and as a program", async () => {
  const more = { asks: false, reads: ["search_*", "list_*", "read_*"], repeatable: ["*"] };
  const sources = [
    {
      label: "web",
      url: `${server.url}/mcp`,
      headers: { Authorization: `Bearer ${key}` },
      ...more,
    },
    { label: "program", command: [process.execPath, COMMAND, "mcp"], env: settings(), ...more },
  ];
  await writeFile(folder.file("sources.json"), JSON.stringify({ sources }));
  await using other = await startServer({
    environment: { TOOL_SOURCES: folder.file("sources.json") },
  });
  const calls = caller(other.url, await makeKey(other, { isOperator: true }));
  await eventually(async () => {
    const { data } = (await calls.call("/tools")).body;
    return data.every(({ is_up: isUp, tools }: Shown) => isUp && tools.length === 4);
  }, PATIENCE_MS);
  server.model.forget();
  for (const label of ["web", "program"]) {
    const id = await calls.newConversation();
    const given = { message: `From the other, by ${label}` };
    other.model.next(
      asking([{ name: `${label}__continue_conversation`, given }]),
      asking([{ name: `${label}__list_conversations` }]),
      answering("Done"),
    );
    const path = `/conversations/${id}/messages?parts=1`;
    const { body } = await calls.call(path, {
      body: { content: "Ask it", parts: true, steps: true },
    });
    const results = body.data[1].parts.filter(({ type }: Shown) => type === "tool_result");
    assert.deepEqual(
      results.map(({ outcome }: Shown) => outcome),
      ["ok", "ok"],
      label,
    );
    assert.equal(JSON.parse(results[0].text).text, `Echo: From the other, by ${label}`);
    assert.ok(JSON.parse(results[1].text).total > 0);
  }
  assert.equal(server.model.requests.length, 2);
});
