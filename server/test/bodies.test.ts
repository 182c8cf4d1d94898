// Bodies of requests: who may send one, how much of them is held, what is made of them.
// Runs: apart
// Takes: 25 s
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, test } from "node:test";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { WebSocket } from "ws";
import { exchange } from "./raw-socket.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { ALICE, makeKey, send } from "./wire-client.ts";

const MEBIBYTE = 1024 * 1024;
const server = await startServer({ environment: { RATE_LIMITS: "off" } });
after(() => server[Symbol.asyncDispose]());
const key = await makeKey(server);
const MAX_TRIES = 1000;

/** Routes of every wire that take a body. */
const ROUTES = [
  ["POST", "/chat"],
  ["POST", "/api/v1/chat/completions"],
  ["POST", "/chat/completions"],
  ["POST", "/api/v1/chat/conversations"],
  ["POST", "/api/conversations"],
  ["PUT", "/api/conversations"],
  ["DELETE", "/api/conversations"],
  ["POST", "/v1/chat/conversations"],
  ["POST", "/v1/chat/conversations/import"],
  ["POST", "/v1/chat/conversations/stream"],
  ["POST", "/v1/chat/agents"],
  ["POST", "/v1/chat/keys"],
] as const;

/** Only the head of a request, whose body never comes. */
const head = (method: string, path: string, more: string): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
  `X-User-ID: ${ALICE}\r\nContent-Length: ${31 * MEBIBYTE}\r\n${more}\r\n`;

/** Sends the bytes and gives what comes first: of a server that waits for the body a 408, after a minute. */
async function firstWords(bytes: string): Promise<string> {
  const socket = connect(server.port, "127.0.0.1");
  try {
    socket.write(bytes);
    const [data] = (await once(socket, "data")) as [Buffer];
    return data.toString("latin1");
  } finally {
    socket.destroy();
  }
}

test("[X4] without a good credential a request is refused before the first byte of its body", async () => {
  const answers = await Promise.all(
    ROUTES.flatMap(([method, path]) =>
      ["", "Authorization: Bearer ck_wrong\r\n"].map(async (credential) => ({
        route: `${method} ${path} ${credential}`,
        answer: await firstWords(head(method, path, credential)),
      })),
    ),
  );
  for (const { route, answer } of answers) assert.match(answer, /^HTTP\/1\.1 401 /, route);
});

test("[X4] a request to nothing, and one of a method that its path does not have, is answered before its body", async () => {
  const [nothing, method] = await Promise.all([
    firstWords(head("POST", "/v1/chat/nothing", "")),
    firstWords(head("PUT", "/v1/chat/conversations/import", "")),
  ]);
  assert.match(nothing, /^HTTP\/1\.1 404 /);
  assert.match(method, /^HTTP\/1\.1 405 /);
});

test("a client that asks before it sends a body is told to go on only when it is let in", async () => {
  const expecting = "Expect: 100-continue\r\n";
  const path = "/v1/chat/conversations/import";
  const [stranger, known] = await Promise.all([
    firstWords(head("POST", path, expecting)),
    firstWords(head("POST", path, `${expecting}Authorization: Bearer ${key}\r\n`)),
  ]);
  assert.match(stranger, /^HTTP\/1\.1 401 /);
  assert.match(known, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
});

test("a client that goes on sending a body after it was refused reads the refusal", async () => {
  const body = "x".repeat(31 * MEBIBYTE);
  const answer = await fetch(`${server.url}/v1/chat/conversations/import`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assert.equal(answer.status, 401);
});

test("[V2] an import that is nested 5,000 deep, or made of millions of empty lists, is 400 in words", async () => {
  const wide = `{"conversations":[${"[],".repeat(5_000_000)}[]]}`;
  const deep = `{"conversations":[${"[".repeat(5000)}${"]".repeat(5000)}]}`;
  for (const [body, reason] of [
    [deep, /nested too deeply/],
    [wide, /too many values/],
  ] as const) {
    const answer = await fetch(`${server.url}/v1/chat/conversations/import`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body,
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), reason);
  }
});

const IMPORT = "/v1/chat/conversations/import";

/** Not JSON, of 29.9 MiB. */
const ZIPPED = gzipSync(Buffer.alloc(29.9 * MEBIBYTE, "x"), { level: 1 });

/** Begins an import of that and leaves its last bytes out. */
async function beginImport(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1").on("error", () => {});
  await once(socket, "connect");
  const compressed = `Content-Encoding: gzip\r\nAuthorization: Bearer ${key}\r\n`;
  socket.write(head("POST", IMPORT, compressed));
  socket.write(ZIPPED.subarray(0, -9));
  return socket.resume();
}

test("past 256 MiB of bodies a request is 503 with Retry-After in its wire's words, small ones are still taken, and all is given back", {
  skip: BACKEND === "replicas" && "counted by each replica",
}, async () => {
  const authorization = { authorization: `Bearer ${key}`, "x-user-id": ALICE };
  const large = JSON.stringify({ title: "x", padding: "x".repeat(1.5 * MEBIBYTE) });
  const sendLarge = (path: string) => send(server, "POST", path, large, authorization);
  const isFull = async (wanted: boolean, meanwhile = async () => {}) => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (((await sendLarge("/chat")).status === 503) === wanted) return;
      await meanwhile();
    }
    assert.fail(wanted ? "There is always room" : "The room is not given back");
  };
  const sockets = await Promise.all(Array.from({ length: 8 }, beginImport));
  // One whose last bytes met those of the request that asks for room has been refused.
  const replaceRefused = async () => {
    for (const [index, socket] of sockets.entries())
      if (socket.bytesRead > 0) sockets[index] = await beginImport();
  };
  try {
    // Once all have come.
    await isFull(true, replaceRefused);
    for (const [path, words] of [
      ["/chat", /"detail":"The server is receiving/],
      ["/api/v1/chat/completions", /"error":"Service unavailable","details":"The server is/],
      ["/api/conversations", /"code":"DATABASE_ERROR"/],
      [IMPORT, /"success":false.*"code":"UNAVAILABLE"/],
    ] as const) {
      const answer = await sendLarge(path);
      assert.equal(answer.status, 503, path);
      assert.ok(Number(answer.headers.get("retry-after")) > 0);
      assert.match(answer.text, words);
    }
    const small = await send(server, "POST", "/api/conversations", { title: "x" }, authorization);
    assert.equal(small.status, 201, small.text);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  // Once the server has seen that they are gone.
  await isFull(false);
  // 300 MB one after the other, each answered by an error.
  for (let count = 0; count < 10; count++) {
    const compressed = { ...authorization, "content-encoding": "gzip" };
    const answer = await send(server, "POST", IMPORT, ZIPPED, compressed);
    assert.equal(answer.status, 400, answer.text);
  }
});

test("a body may come compressed by gzip, deflate or brotli; another encoding is 415, broken data 400", async () => {
  const json = JSON.stringify({ title: "Zürich \u{1F44B}" });
  const post = (path: string, body: Uint8Array, encoding: string) =>
    send(server, "POST", path, body, {
      authorization: `Bearer ${key}`,
      "x-user-id": ALICE,
      "content-encoding": encoding,
    });
  for (const [encoding, body] of [
    ["gzip", gzipSync(json)],
    ["GZIP", gzipSync(json)],
    ["deflate", deflateSync(json)],
    ["deflate", deflateRawSync(json)],
    ["br", brotliCompressSync(json)],
    ["identity", Buffer.from(json)],
  ] as const) {
    const made = await post("/api/conversations", body, encoding);
    assert.equal(made.status, 201, `${encoding}: ${made.text}`);
    assert.equal(made.body.conversation.title, "Zürich \u{1F44B}");
  }
  for (const [path, words] of [
    ["/chat", /"detail":"[^"]+"/],
    ["/api/v1/chat/completions", /"error":"[^"]+","details":"[^"]+"/],
    ["/api/conversations", /"error":"[^"]+","message":"[^"]+","code":/],
    ["/v1/chat/conversations", /"success":false,"message":"[^"]+"/],
  ] as const)
    for (const [encoding, body, status] of [
      ["zstd", zstdCompressSync(json), 415],
      ["gzip, gzip", gzipSync(gzipSync(json)), 415],
      ["gzip", Buffer.from(json), 400],
      ["gzip", gzipSync(json).subarray(0, -9), 400],
      ["deflate", gzipSync(json), 400],
      ["br", gzipSync(json), 400],
    ] as const) {
      const answer = await post(path, body, encoding);
      assert.equal(answer.status, status, `${path} ${encoding}: ${answer.text}`);
      assert.match(answer.text, words);
      assert.doesNotMatch(answer.text, /UTF-8/);
    }
});

test("a body that becomes too large as it is decompressed is 413 at once", async () => {
  const bomb = gzipSync(Buffer.alloc(192 * MEBIBYTE, " "), { level: 1 });
  const before = process.memoryUsage.rss();
  const answers = await Promise.all(
    ["/chat", "/api/v1/chat/completions", "/api/conversations", IMPORT].map((path) =>
      send(server, "POST", path, bomb, {
        authorization: `Bearer ${key}`,
        "x-user-id": ALICE,
        "content-encoding": "gzip",
      }),
    ),
  );
  for (const answer of answers) assert.equal(answer.status, 413, answer.text);
  assert.ok(process.memoryUsage.rss() - before < 512 * MEBIBYTE);
});

test("HTTP/1.0 with Transfer-Encoding is 400, and closes the connection", async () => {
  const answer = await exchange(
    server.port,
    "POST /chat HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n" +
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    60_000,
  );
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /^connection: close\r$/im);
});

test("a socket that sends more messages than it may is told so in its wire's words, then closed; others are served", async () => {
  for (const [path, words] of [
    [`/ws?user_id=${ALICE}`, /"type":"error","content":"Too many messages: /],
    ["/ws", /"type":"error","message":"Too many messages: /],
  ] as const) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(String(data)));
    await once(socket, "open");
    const closed = once(socket, "close");
    for (let count = 0; count < 20_000; count++) socket.send("{");
    assert.equal((await closed)[0], 1008);
    assert.match(heard.join("\n"), words);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  }
});

test("what is nested deeply, or is made of very many values, is refused on a socket before it is parsed, and the socket stays open", async () => {
  const deep = `"extra":${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const wide = `"extra":[${"[],".repeat(200_000)}[]]`;
  for (const [path, type, refused] of [
    [`/ws?user_id=${ALICE}`, "stop", [/nested too deeply/, /too many values/]],
    ["/ws", "start_conversation", [/"type":"error"/, /"type":"error"/]],
  ] as const) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await once(socket, "open");
    for (const [place, extra] of [deep, wide].entries()) {
      const heard = once(socket, "message", { signal: AbortSignal.timeout(20_000) });
      socket.send(`{"type":"${type}",${extra}}`);
      assert.match(String((await heard)[0]), refused[place] ?? /nothing/, path);
    }
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.close();
    await once(socket, "close");
  }
});
