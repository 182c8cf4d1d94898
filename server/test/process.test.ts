// The server as a process: how it starts, drains, dies and comes back.
// Runs: waiting
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { allEvents, caller, eventsOf } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import { startProcess } from "./server-process.ts";
import { startServer } from "./start-server.ts";
import { answering, asking } from "./tool-steps.ts";

const SLOW = "{{reply tokens=400 gapMs=20}}";

async function setUp(environment: Record<string, string> = {}) {
  const opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "colloquy-process-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer());
  const settings = {
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    ...environment,
  };
  return { model, settings, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("a reply that is cut off by kill -9 is there after the restart, interrupted, with what had been said a second before", async () => {
  await using set = await setUp();
  const first = await startProcess(set.settings);
  const { open, newConversation } = caller(first.url);
  const id = await newConversation();
  const stream = eventsOf(
    await open(`/conversations/${id}/messages/stream`, { body: { content: SLOW } }),
  );
  const seen: { at: number; length: number }[] = [];
  let text = "";
  let lastId = "";
  for await (const event of stream) {
    if (event.type === "ai_chunk") text += event.data;
    lastId = event.id;
    seen.push({ at: performance.now(), length: text.length });
    if (text.length > 500) break;
  }
  const killedAt = performance.now();
  await first.kill();

  const second = await startProcess(set.settings);
  const again = caller(second.url);
  const [question, reply] = (await again.call(`/conversations/${id}/messages`)).body.data;
  assert.equal(question.content, SLOW);
  assert.deepEqual([reply.status, reply.interrupted_by], ["interrupted", "crash"]);
  assert.ok(text.startsWith(reply.content));
  const aSecondBefore = seen.findLast((one) => killedAt - one.at > 1000)?.length ?? 0;
  assert.ok(aSecondBefore > 0, "the reply ran for more than a second");
  assert.ok(
    reply.content.length >= aSecondBefore,
    `kept ${reply.content.length} of ${aSecondBefore} characters`,
  );

  const resumed = await allEvents(
    await again.open(`/conversations/${id}/messages/stream`, {
      headers: { "last-event-id": lastId },
    }),
  );
  assert.deepEqual(resumed.map((event) => event.type).slice(-2), ["ai_complete", "DONE"]);
  assert.equal(
    (await again.call(`/conversations/${id}/messages`, { body: { content: "Go on" } })).status,
    201,
  );
  assert.equal(await second.terminate(), 0);
});

test("SIGTERM stops accepting, lets the reply finish, and ends with 0", async () => {
  await using set = await setUp();
  const process = await startProcess(set.settings);
  const { open, newConversation } = caller(process.url);
  const id = await newConversation();
  const response = await open(`/conversations/${id}/messages/stream`, {
    body: { content: "{{reply tokens=6 hold=2}}" },
  });
  const events = allEvents(response);
  await set.model.held();
  const ended = process.terminate();
  await eventually(async () => !(await accepts(Number(set.settings.PORT))));
  set.model.release();
  assert.deepEqual((await events).map((event) => event.type).slice(-2), ["ai_complete", "DONE"]);
  assert.equal((await events).at(-2)?.data.status, "complete");
  assert.equal(await ended, 0);
});

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

test("a port in use, a folder in use and a wrong setting are told in words, with what to do", async () => {
  await using set = await setUp();
  const running = await startProcess(set.settings);
  await assert.rejects(
    startProcess({ ...set.settings, DATA_DIR: `${set.settings.DATA_DIR}/other` }),
    /PORT \d+ is in use.*PORT=\d+ npm start/s,
  );
  await assert.rejects(startProcess({ ...set.settings, PORT: "0" }), /in use|another|already/i);
  await assert.rejects(
    startProcess({ ...set.settings, PORT: "x", LOG_LEVEL: "y" }),
    /2 settings are not usable(?=.*PORT must)(?=.*LOG_LEVEL must)/s,
  );
  await running.terminate();
});

test("a client that does not read is cut off, and the reply is generated to its end all the same", async () => {
  await using server = await startServer();
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  const text = "x".repeat(1000);
  server.model.next({ pieces: Array.from({ length: 12_000 }, () => text) });
  const body = JSON.stringify({ content: "Say a lot" });
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `POST /v1/chat/conversations/${id}/messages/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const events = await allEvents(
    await fetch(`${server.url}/v1/chat/conversations/${id}/messages/stream`, {
      headers: { authorization: "Bearer x" },
    }).then(async (first) => (first.status === 204 ? waitForTurn(server.url, id) : first)),
  );
  assert.equal(events.at(-2)?.type, events.at(-2)?.data?.message ? "error" : "ai_complete");
  socket.resume();
  await closed;
  const stored = (await call(`/conversations/${id}/messages`)).body.data.at(-1);
  assert.ok(stored.content.length > 1_000_000);
});

async function waitForTurn(url: string, id: string): Promise<Response> {
  for (;;) {
    const response = await fetch(`${url}/v1/chat/conversations/${id}/messages/stream`, {
      headers: { authorization: "Bearer x" },
    });
    if (response.status === 200) return response;
  }
}

type Span = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
};
type Traces = {
  readonly resourceSpans: readonly { scopeSpans: readonly { spans: readonly Span[] }[] }[];
};
const byCallId = (one: Record<string, string | undefined>, other: typeof one) =>
  (one["gen_ai.tool.call.id"] ?? "").localeCompare(other["gen_ai.tool.call.id"] ?? "");

test("a trace a turn, with its calls of tools, goes to the collector that is set, without a word of what was said", async () => {
  const received: string[] = [];
  const collector = createServer(async (request, response) => {
    received.push((await request.setEncoding("latin1").toArray()).join(""));
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  {
    await using server = await startServer({
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, TOOLS: "now" },
    });
    const { call, newConversation } = caller(server.url);
    server.model.next(
      asking([
        { name: "now", given: { time_zone: "Asia/Tokyo" }, id: "call_traced" },
        { name: "now", given: { time_zone: "trace-secret" }, id: "call_failing" },
      ]),
      answering("trace-secret"),
    );
    await call(`/conversations/${await newConversation()}/messages`, {
      body: { content: "What time is it?" },
    });
    await call(`/conversations/${await newConversation()}/messages`, {
      body: {
        content: "trace-secret {{reply tokens=3 usage costUsd=0.5 cachedTokens=4 thoughtTokens=2}}",
      },
    });
  }
  collector.close();
  const traces = received.join();
  for (const name of [
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "colloquy.usage.cost_usd",
    "gen_ai.conversation.id",
  ])
    assert.ok(traces.includes(name), name);
  for (const said of ["trace-secret", "alpha", "Tokyo"]) assert.ok(!traces.includes(said), said);
  const spans = received.flatMap((body) =>
    (JSON.parse(body) as Traces).resourceSpans
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap((scope) => scope.spans),
  );
  const made = spans.filter(({ name }) => name === "execute_tool now");
  const turn = spans.find(({ spanId }) => spanId === made[0]?.parentSpanId);
  assert.equal(turn?.name, "chat scripted");
  const textsOf = ({ attributes }: Span) =>
    Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
  assert.deepEqual(made.map(textsOf).toSorted(byCallId), [
    {
      ...{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "now" },
      ...{ "gen_ai.tool.call.id": "call_failing", "colloquy.tool.source": "builtin" },
      ...{ "colloquy.tool.outcome": "failed", "error.type": "failed" },
    },
    {
      ...{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "now" },
      ...{ "gen_ai.tool.call.id": "call_traced", "colloquy.tool.source": "builtin" },
      "colloquy.tool.outcome": "ok",
    },
  ]);
  for (const { parentSpanId, traceId } of made)
    assert.deepEqual([parentSpanId, traceId], [turn?.spanId, turn?.traceId]);
});

test("logs are JSON lines that hold neither what was said nor a secret", async () => {
  const { spawn } = await import("node:child_process");
  await using set = await setUp({ LOG_LEVEL: "TRACE", OPENAI_API_KEY: "sk-canary-key" });
  const { fileURLToPath } = await import("node:url");
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../bin/colloquy.js", import.meta.url)), "serve"],
    { env: { PATH: process.env.PATH, ...set.settings }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  await once(child.stderr, "data");
  const { call, open, newConversation } = caller(`http://127.0.0.1:${set.settings.PORT}`);
  const id = await newConversation({ body: { title: "canary-title" } });
  await call(`/conversations/${id}/messages`, { body: { content: "canary-message" } });
  await allEvents(
    await open(`/conversations/${id}/messages/stream`, {
      body: { content: "canary-failing {{reply failStatus=400}}" },
    }),
  );
  await call(`/conversations/${id}/messages`, {
    body: { content: 5 },
    headers: { authorization: "Bearer canary-token" },
  });
  child.kill("SIGTERM");
  await once(child, "exit");
  const lines = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(
    lines.some((line) => line.msg === "turn ended") && lines.some((line) => line.msg === "request"),
  );
  assert.doesNotMatch(log, /canary/);
});
