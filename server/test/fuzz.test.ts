// Requests without sense or with bad ones, by the thousand. FUZZ_RUNS=100000 for more, FUZZ_SEED to repeat,
// TEST_BACKEND=postgres for that store.
// Runs: waiting
// Takes: 20 s
// Campaign: FUZZ_RUNS middle=10000 in 90 s, full=100000 in 900 s
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { WebSocket } from "ws";
import { caller } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { type FuzzRequest, fuzzRequest, operationsOf } from "./fuzz-requests.ts";
import { startProcess } from "./server-process.ts";
import { createMigratedDatabase } from "./services.ts";
import { BACKEND } from "./start-server.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 500);
/** The smoke size is the same in every run; the campaigns look for what nobody has seen. */
const CHANGING_SEED = process.env.FUZZ_RUNS ? Date.now() % 1_000_000 : 1;
const SEED = Number(process.env.FUZZ_SEED ?? CHANGING_SEED);
const SOCKET_MESSAGES = Math.ceil(RUNS * 0.3);
const CONNECTIONS = 16;
const BATCH = 500;
const PATIENCE_MS = 20_000;
const COMMAND = join(import.meta.dirname, "../bin/colloquy.js");
const MAX_GROWTH_MIB = 400;

async function startFuzzed() {
  const database = BACKEND === "sqlite" ? null : await createMigratedDatabase();
  const directory = await mkdtemp(join(tmpdir(), "colloquy-fuzz-"));
  const process = await startProcess({
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    ...(database && { DATABASE_URL: database.url }),
  });
  return {
    ...process,
    /** The first key, which is an operator's. */
    async makeKey(): Promise<string> {
      const { stdout } = await promisify(execFile)(
        globalThis.process.execPath,
        [COMMAND, "keys", "create", "--name", "fuzz", "--act-as"],
        {
          env: {
            ...globalThis.process.env,
            DATA_DIR: directory,
            DATABASE_URL: database?.url ?? "",
          },
        },
      );
      return /ck_[\w-]+/.exec(stdout)?.[0] ?? assert.fail(stdout);
    },
    async residentMiB(): Promise<number> {
      const status = await readFile(`/proc/${process.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    async [Symbol.asyncDispose]() {
      await process.terminate();
      await database?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What is wrong with an answer; null if nothing is. */
async function faultOf(url: string, key: string, request: FuzzRequest): Promise<string | null> {
  const response = await fetch(url + request.path, {
    method: request.method,
    headers: { ...request.headers, authorization: `Bearer ${key}` },
    ...(request.body === null ? {} : { body: request.body }),
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  if (response.status >= 500) return `${response.status} ${text.slice(0, 200)}`;
  if (!response.headers.has("x-request-id")) return `${response.status} without X-Request-Id`;
  if (response.status < 400 || request.method === "OPTIONS") return null;
  const body: unknown = JSON.parse(text);
  const keys = Object.keys(body as object);
  const wanted = errorKeysOf(request.path.split("?", 1)[0] ?? "");
  return wanted.every((key) => keys.includes(key))
    ? null
    : `${response.status} with ${text.slice(0, 200)}`;
}

function errorKeysOf(path: string): string[] {
  if (/^\/v1\/chat(?:$|\/(?!completions(?:$|\/)))/.test(path))
    return ["success", "message", "error"];
  // OpenAI's words and those of `useChat`. The body decides whose the paths are that completions share with wire 001.
  if (
    /^\/v1(?:$|\/)|^\/(?:api\/v1\/)?(?:models|chat\/completions)(?:$|\/)|^\/api\/chat(?:$|\/)/.test(
      path,
    )
  )
    return ["error"];
  if (path.startsWith("/api/conversations"))
    return ["error", "message", "code", "requestId", "context"];
  if (/^\/(?:api\/v1|chat\/|conversation\/message)/.test(path)) return ["error", "details"];
  if (path === "/" || path.startsWith("/health") || path === "/ws")
    return ["type", "message", "code"];
  if (path === "/metrics" || path.startsWith("/docs") || path === "/openapi.json")
    return ["error", "code"];
  if (path.startsWith("/sign-in/")) return ["error", "code"];
  if (/^\/mcp(?:$|\/)/.test(path)) return ["jsonrpc", "error"];
  return ["detail"];
}

test(`${RUNS} requests from the schemas get no 5xx and crash nothing (seed ${SEED})`, {
  timeout: 15 * 60_000,
}, async (context) => {
  await using server = await startFuzzed();
  // Among the requests are some that make keys, and so claim the server: they come from an operator.
  const key = await server.makeKey();
  const { call, newConversation } = caller(server.url, key);
  const conversation = await newConversation();
  const message = (
    await call(`/conversations/${conversation}/messages`, { body: { content: "Hello" } })
  ).body.data[0].id;
  const agent = (await call("/agents", { body: { name: "A", instructions: "B" } })).body.data.id;
  const description = await (await fetch(`${server.url}/openapi.json`)).json();
  const operations = operationsOf(description as Parameters<typeof operationsOf>[0]);
  assert.ok(operations.length >= 25, `only ${operations.length} operations are described`);
  const requests = fc.sample(
    fuzzRequest(operations, [conversation, message, agent, "ann", "session-1"]),
    { numRuns: RUNS, seed: SEED },
  );

  const faults: string[] = [];
  const statuses = new Map<string, number>();
  let warmMiB = 0;
  for (let start = 0; start < requests.length; start += BATCH) {
    const batch = requests.slice(start, start + BATCH);
    const worker = async () => {
      for (let request = batch.pop(); request; request = batch.pop()) {
        const fault = await faultOf(server.url, key, request).catch(
          (error: unknown) => `no answer: ${String(error)}`,
        );
        statuses.set(`${request.method}`, (statuses.get(request.method) ?? 0) + 1);
        if (fault)
          faults.push(
            `${fault}\n  ${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers)} ${request.body?.slice(0, 200)}`,
          );
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    if (!warmMiB && start >= RUNS / 4) warmMiB = await server.residentMiB();
    assert.ok(faults.length < 5, faults.slice(0, 5).join("\n"));
  }
  assert.deepEqual(faults, []);
  const endMiB = await server.residentMiB();
  context.diagnostic(
    `memory after a quarter ${Math.round(warmMiB)} MiB, at the end ${Math.round(endMiB)} MiB; ${JSON.stringify([...statuses])}`,
  );
  assert.ok(endMiB - warmMiB < MAX_GROWTH_MIB, `memory grew from ${warmMiB} to ${endMiB} MiB`);
  assert.equal(
    (
      await call(`/conversations/${await newConversation()}/messages`, {
        body: { content: "Still there?" },
      })
    ).status,
    201,
  );
});

const socketMessage = fc.oneof(
  fc
    .record(
      {
        type: fc.constantFrom(
          "message",
          "stop",
          "start_conversation",
          "end_conversation",
          "audio_chunk",
          "text_input",
          "interrupt",
          "playback",
          "x",
        ),
      },
      { noNullPrototype: true },
    )
    .map((value) => JSON.stringify(value)),
  fc
    .record(
      {
        type: fc.constantFrom(
          "message",
          "start_conversation",
          "audio_chunk",
          "text_input",
          "playback",
        ),
        content: fc.jsonValue({ maxDepth: 1 }),
        text: fc.jsonValue({ maxDepth: 1 }),
        audio_data: fc.oneof(fc.base64String({ maxLength: 200 }), fc.jsonValue({ maxDepth: 1 })),
        conversation_id: fc.jsonValue({ maxDepth: 1 }),
        capabilities: fc.jsonValue({ maxDepth: 2 }),
        user_id: fc.jsonValue({ maxDepth: 1 }),
        stream: fc.jsonValue({ maxDepth: 1 }),
        response_id: fc.jsonValue({ maxDepth: 1 }),
        played_ms: fc.jsonValue({ maxDepth: 1 }),
        resume_token: fc.jsonValue({ maxDepth: 1 }),
      },
      { requiredKeys: ["type"] },
    )
    .map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => text.toWellFormed()),
);

test(`${SOCKET_MESSAGES} messages to each socket crash nothing and close no socket (seed ${SEED})`, {
  timeout: 5 * 60_000,
}, async () => {
  await using server = await startFuzzed();
  for (const path of ["/ws?user_id=ann", "/ws"]) {
    const socket = new WebSocket(server.url.replace("http", "ws") + path);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    let internal = 0;
    socket.on("message", (data) => {
      if (String(data).includes("INTERNAL_ERROR") || String(data).includes("Internal server error"))
        internal++;
    });
    for (const text of fc.sample(socketMessage, { numRuns: SOCKET_MESSAGES, seed: SEED }))
      socket.send(text);
    // The answer to a ping comes after everything before it was taken.
    await new Promise((resolve, reject) => {
      socket
        .once("pong", resolve)
        .once("close", (code, reason) =>
          reject(new Error(`${path} was closed: ${code} ${reason}`)),
        );
      socket.ping();
    });
    assert.equal(internal, 0, `internal errors on ${path}`);
    socket.terminate();
  }
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});
