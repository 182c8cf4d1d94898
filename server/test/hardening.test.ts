// What every answer says to browsers, and how much anybody may have open.
// Runs: waiting
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startIssuer } from "./issuer-server.ts";
import { watchMachine } from "./machine-speed.ts";
import { exchange } from "./raw-socket.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send } from "./wire-client.ts";

const EVERYWHERE = {
  "x-content-type-options": /^nosniff$/,
  "content-security-policy": /^default-src '(?:none|self)'/,
  "cross-origin-resource-policy": /^same-origin$/,
  "referrer-policy": /^no-referrer$/,
  "x-frame-options": /^SAMEORIGIN$/,
  "cache-control": /no-store|no-cache|max-age/,
  "x-request-id": /^req_\w+$/,
};

test("every answer, an error, a stream, a page, a refused socket and what is no request too, has the security headers", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { PUBLIC_URL: "https://chat.example" },
  });
  const stream = "/v1/chat/conversations/stream";
  const bearer = { authorization: "Bearer local" };
  const answers: [string, Headers | Record<string, unknown>][] = [];
  for (const [method, path, body] of [
    ["GET", "/health"],
    ["GET", "/"],
    ["GET", "/docs/static/index.html"],
    ["GET", "/openapi.json"],
    ["GET", "/metrics"],
    ["GET", "/nothing"],
    ["GET", "/chat"],
    ["GET", "/ws"],
    ["PUT", "/v1/chat/conversations"],
    ["GET", "/v1/chat/conversations"],
    ["GET", "/api/conversations"],
    ["GET", "/v1/chat/conversations/%00"],
    ["POST", "/chat", "{"],
    ["POST", "/api/v1/chat/completions", { message: "Hi" }],
    ["POST", "/chat", { message: "Hi", user_id: "a" }],
    ["POST", stream, { content: "Hi" }],
    ["OPTIONS", "/chat"],
  ] as const) {
    const headers = path.startsWith("/v1") ? bearer : {};
    answers.push([`${method} ${path}`, (await send(server, method, path, body, headers)).headers]);
  }
  const refused = await refusedSocket(server, "/ws", { origin: "https://evil.example" });
  answers.push(["a refused socket", new Headers(refused.headers as Record<string, string>)]);
  const broken = await exchange(server.port, "NO HTTP\r\n\r\n");
  const lines = broken.split("\r\n\r\n")[0]?.split("\r\n").slice(1) ?? [];
  answers.push([
    "no request",
    new Headers(lines.map((line) => line.split(": ") as [string, string])),
  ]);
  for (const [what, headers] of answers)
    for (const [name, wanted] of Object.entries(EVERYWHERE))
      assert.match((headers as Headers).get(name) ?? "", wanted, `${what}: ${name}`);
  const [, first] = answers[0] ?? [];
  assert.match((first as Headers).get("strict-transport-security") ?? "", /max-age=\d+/);
});

const STALLED = "{{reply hold=0}}";

/** Begins a stream and leaves it open, or goes away at once. */
async function stream(server: Server, key: string, stays: boolean): Promise<AbortController> {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/v1/chat/conversations/stream`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ content: STALLED }),
    signal: leaving.signal,
  });
  assert.equal(response.status, 200);
  if (!stays) leaving.abort();
  return leaving;
}

test("a user has so many requests and sockets open, and no more; in each wire's words; others are served", async () => {
  await using server = await startServer({
    environment: { RATE_LIMITS: "open=4 chat=off conversations=off sockets=off" },
  });
  const key = await makeKey(server, { userId: ALICE });
  const other = await makeKey(server, { userId: BOB });
  const headers = { authorization: `Bearer ${key}` };
  const open = [await stream(server, key, true), await stream(server, key, true)];
  await using _chat = await openSocket(server, `/ws?user_id=${ALICE}`, { headers });
  await using _voice = await openSocket(server, "/ws", { headers });
  for (const [method, path, body, words] of [
    ["POST", "/chat", { message: "Hi" }, ["detail"]],
    ["GET", "/conversations", undefined, ["detail"]],
    ["POST", "/api/v1/chat/completions", { message: "Hi" }, ["error", "details"]],
    ["GET", "/v1/chat/conversations", undefined, ["success", "message", "error"]],
    ["GET", "/api/conversations", undefined, ["error", "message", "code", "requestId", "context"]],
  ] as const) {
    const refused = await send(server, method, path, body, headers);
    assert.equal(refused.status, 429, path);
    assert.deepEqual(Object.keys(refused.body), words, path);
    assert.match(refused.text, /at most 4 for each user/);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  }
  assert.equal((await refusedSocket(server, "/ws", { headers })).status, 429);
  const theirs = { authorization: `Bearer ${other}` };
  assert.equal((await send(server, "GET", "/conversations", undefined, theirs)).status, 200);
  open[0]?.abort();
  for (let status = 429; status !== 200; )
    status = (await send(server, "GET", "/conversations", undefined, headers)).status;
});

test("who leaves before it is known who they are takes no place", async () => {
  await using issuer = await startIssuer();
  await using server = await startServer({
    environment: { ...issuer.environment, RATE_LIMITS: "open=2 chat=off sockets=off" },
  });
  const headers = { authorization: `Bearer ${await issuer.token("ann")}` };
  const release = issuer.hold();
  const leaving = Array.from({ length: 4 }, () => new AbortController());
  const left = leaving.map(({ signal }) =>
    fetch(`${server.url}/conversations`, { headers, signal }).catch(() => {}),
  );
  const sockets = Array.from({ length: 4 }, () => connect(server.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: ${headers.authorization}\r\n\r\n`,
    );
  }
  while (issuer.asked.length === 0) await new Promise(setImmediate);
  // Until the last of them has been taken: requests are in the order of their connections.
  assert.equal((await send(server, "GET", "/health")).status, 200);
  for (const one of leaving) one.abort();
  for (const socket of sockets) socket.resetAndDestroy();
  await Promise.all(left);
  assert.equal((await send(server, "GET", "/health")).status, 200);
  release();
  for (let count = 0; count < 3; count++)
    assert.equal((await send(server, "GET", "/conversations", undefined, headers)).status, 200);
});

test("replies go on without their watcher, so they are counted by themselves", async () => {
  await using server = await startServer({ environment: { RATE_LIMITS: "open=3" } });
  const key = await makeKey(server, { userId: ALICE });
  const headers = { authorization: `Bearer ${key}` };
  for (let count = 0; count < 3; count++) await stream(server, key, false);
  await server.model.held(3);
  const say = () => send(server, "POST", "/chat", { message: "Hi" }, headers);
  // Until the server has seen that the watchers are gone, their requests count as well.
  let refused = await say();
  while (/Too many (?!replies)/.test(refused.body.detail)) refused = await say();
  assert.equal(refused.status, 429);
  assert.match(refused.body.detail, /Too many replies at a time/);
  server.model.release();
  for (let status = 429; status !== 200; ) status = (await say()).status;
});

test("whoever is slow to say what it wants is cut off in time: no word, half a header, a letter a second; an upload that goes on coming is taken", {
  timeout: 60_000,
}, async (context) => {
  await using server = await startServer({
    builtIn: true,
    environment: { REQUEST_TIMEOUT_SECONDS: "9" },
  });
  using machine = watchMachine();
  const beganAt = performance.now();
  const slow = async (start: string, drip: string) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(start);
    const dripping = setInterval(() => socket.write(drip), 1000);
    let answer = "";
    socket.setEncoding("latin1").on("data", (piece: string) => {
      answer += piece;
    });
    await new Promise((resolve) => socket.on("close", resolve));
    clearInterval(dripping);
    return { answer, seconds: (performance.now() - beganAt) / 1000 };
  };
  const post = (path: string, type: string, bytes: number) =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`;
  // Longer than a request may take, and no faster than a train lets it.
  const pieces = 110;
  const piece = "some text\n".repeat(1024);
  const steadily = async () => {
    const file = post("/v1/chat/files", "text/plain", pieces * piece.length);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.setEncoding("latin1").write(file);
    const answered = once(socket, "data");
    for (let sent = 0; sent < pieces; sent++) {
      socket.write(piece);
      await sleep(100);
    }
    const [answer] = await answered;
    socket.destroy();
    return { answer: String(answer), seconds: (performance.now() - beganAt) / 1000 };
  };
  const uploaded = steadily();
  const ended = await Promise.all([
    slow("", ""),
    slow("GET /health HT", ""),
    slow("GET /health HTTP/1.1\r\nHost: localhost\r\n", "X"),
    slow("GET /health HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n"),
    slow("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n", "X: y\r\n"),
    slow(post("/chat", "application/json", 1000), " "),
    slow(post("/v1/chat/files", "text/plain", 1000), "x"),
  ]);
  context.diagnostic(
    `cut off after ${ended.map(({ seconds }) => seconds.toFixed(1)).join(", ")} s`,
  );
  for (const { seconds } of ended) assert.ok(seconds < 15 * machine.slowness(), `${seconds} s`);
  for (const place of [2, 5, 6])
    assert.match(ended[place]?.answer ?? "", /^HTTP\/1\.1 408/, `${place}`);
  assert.match(ended[5]?.answer ?? "", /"detail":"The request did not come whole in time"/);
  const { answer, seconds } = await uploaded;
  assert.match(answer, /^HTTP\/1\.1 201/);
  assert.ok(seconds > 9, `${seconds} s: no test of that`);
});
