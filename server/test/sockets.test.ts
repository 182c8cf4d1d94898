// WebSockets of every wire: who may open one, how many, and how they end.
// Backends: replicas
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import fastify from "fastify";
import { memoryLimiter } from "../src/adapters/limiters/memory/limiter.ts";
import type { AppError } from "../src/domain/errors.ts";
import type { Principal } from "../src/domain/principal.ts";
import { clientAddress } from "../src/http/client-address.ts";
import type { Accepted, Handshake, Socket } from "../src/http/socket.ts";
import { attachSockets, type SocketOptions } from "../src/http/sockets.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { BACKEND, ONCE, startServer } from "./start-server.ts";
import { send } from "./wire-client.ts";

const principal: Principal = {
  tenantId: "local",
  userId: "ann",
  proof: { kind: "none" },
  isOperator: false,
  models: null,
};

const errorReply = ({ code, message }: AppError) => ({
  status: STATUS[code] ?? 400,
  body: { message },
});

/** A server with one handler at /ws, which says what it is told unless it is given another. */
async function startSockets(
  options: Partial<SocketOptions> = {},
  accept: (handshake: Handshake) => Promise<Accepted["open"]> = async () => (socket) => (said) =>
    socket.send(String(said)),
) {
  const http = createServer((_request, response) => response.end("plain"));
  const internal: AppError[] = [];
  const sockets = attachSockets(http, {
    handlers: [
      {
        matches: (url) => url.pathname === "/ws",
        maxMessageBytes: 1000,
        errorReply,
        accept: async (handshake) => ({
          principal,
          errorMessage: ({ message }) => message,
          open: await accept(handshake),
        }),
      },
    ],
    otherErrorReply: errorReply,
    origins: { listed: ["https://app.example"], publicOrigin: "https://here.example" },
    trustedProxies: [],
    welcomesLocalPages: async () => false,
    onRefusedOrigin() {},
    socketsPerAddress: null,
    openPerUser: null,
    watchCredential: () => () => {},
    enter: () => () => {},
    redeemTicket: () => Promise.reject(new Error("there are none")),
    hold: memoryLimiter().hold,
    onInternalError: (error) => internal.push(error),
    ...options,
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    port: (http.address() as AddressInfo).port,
    sockets,
    internal,
    async [Symbol.asyncDispose]() {
      await sockets.close();
      http.closeAllConnections();
      http.close();
    },
  };
}

const STATUS: Record<string, number> = {
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  internal: 500,
  unavailable: 503,
};

test("[S8] 10 connections per address; the 11th is closed with 1008 and the reason", async () => {
  await using server = await startServer({ builtIn: true, environment: { RATE_LIMITS: "" } });
  await using opened = new AsyncDisposableStack();
  const path = "/ws?user_id=a";
  const open = async () => opened.use(await openSocket(server, path));
  const first = await open();
  for (let count = 1; count < 10; count++) await open();
  const eleventh = await openSocket(server, path);
  assert.deepEqual(await eleventh.closed, {
    code: 1008,
    reason: "Too many connections: at most 10 per address",
  });
  const health = await send(server, "GET", "/health");
  // Behind a proxy it is the number of one replica.
  if (BACKEND !== "replicas") assert.equal(health.body.active_connections, 10);
  first.socket.close();
  await first.closed;
  const again = await open();
  again.say({ type: "message", content: "Hi" });
  assert.equal((await again.next()).content, "You said: Hi");
});

test("[S8] an address is the client's, as a trusted proxy names it", ONCE, async () => {
  const trustedProxies = ["127.0.0.1"];
  await using server = await startSockets({ socketsPerAddress: 1, trustedProxies });
  const from = (address: string) =>
    openSocket(server, "/ws", { headers: { "x-forwarded-for": address } });
  await using _one = await from("203.0.113.1");
  await using two = await from("203.0.113.2");
  two.say('"there"');
  assert.equal(await two.next(), "there");
  await using three = await from("198.51.100.9, 203.0.113.2");
  assert.equal((await three.closed).code, 1008);
});

test("a client's address is read as the framework reads it", ONCE, async () => {
  for (const trustedProxies of [[], ["127.0.0.1"], ["127.0.0.0/8", "10.0.0.0/8"]]) {
    const app = fastify({ trustProxy: trustedProxies.length ? trustedProxies : false });
    const addressOf = clientAddress(trustedProxies);
    app.get("/", async (request) => ({ theirs: request.ip, ours: addressOf(request.raw) }));
    for (const forwarded of ["", "1.2.3.4", "1.2.3.4, 10.1.1.1", "1.2.3.4,5.6.7.8 , 10.1.1.1"]) {
      const headers = forwarded ? { "x-forwarded-for": forwarded } : {};
      const { theirs, ours } = (await app.inject({ url: "/", headers })).json();
      assert.equal(ours, theirs, `${trustedProxies} ${forwarded}`);
    }
  }
});

test(
  "a handshake tells its handler who connects, and takes a credential from header or subprotocol",
  ONCE,
  async () => {
    const seen: Handshake[] = [];
    await using server = await startSockets({}, async (handshake) => {
      seen.push(handshake);
      return () => () => {};
    });
    const open = async (options: Parameters<typeof openSocket>[2], path = "/ws") => {
      await using opened = await openSocket(server, path, options);
      return { protocol: opened.socket.protocol, handshake: seen.at(-1) };
    };
    const plain = await open({}, "/ws?user_id=a&x=%20");
    assert.equal(plain.handshake?.url.searchParams.get("x"), " ");
    assert.deepEqual(plain.handshake?.credential, { kind: "none" });
    assert.equal(plain.handshake?.connection.address, "127.0.0.1");
    assert.equal(plain.handshake?.connection.origin, "absent");
    const header = await open({ headers: { authorization: "Bearer abc" } });
    assert.deepEqual(header.handshake?.credential, { kind: "bearer", token: "abc" });
    const page = await open({
      protocols: ["colloquy", "bearer.a.b.c"],
      origin: "https://app.example",
    });
    assert.deepEqual(page.handshake?.credential, { kind: "bearer", token: "a.b.c" });
    assert.equal(page.protocol, "colloquy");
    assert.equal(page.handshake?.connection.origin, "trusted");
    const malformed = await open({ headers: { authorization: "Basic abc" } });
    assert.deepEqual(malformed.handshake?.credential, { kind: "malformed" });
  },
);

test("a page of another origin may not connect, however its origin is written", ONCE, async () => {
  await using server = await startSockets();
  const own = [`http://127.0.0.1:${server.port}`, "https://app.example", "https://here.example"];
  for (const origin of own)
    await (await openSocket(server, "/ws", { origin }))[Symbol.asyncDispose]();
  const foreign = [
    "null",
    "https://evil.example",
    "http://app.example",
    "https://app.example:444",
    "https://app.example.evil.example",
    "https://evil.example/https://app.example",
    `http://127.0.0.1:${server.port + 1}`,
  ];
  for (const origin of foreign)
    assert.equal((await refusedSocket(server, "/ws", { origin })).status, 403, origin);
});

test("[X4] a handshake that is refused is answered like any request", ONCE, async () => {
  await using server = await startSockets({}, async () => {
    throw new Error("secret inner text");
  });
  for (const [status, path] of [
    [404, "/"],
    [404, "//evil.example/ws"],
    [404, "/ws/more"],
    [500, "/ws"],
  ] as const) {
    const refused = await refusedSocket(server, path);
    assert.equal(refused.status, status, path);
    assert.match(String(refused.headers["x-request-id"]), /^req_\w+$/);
    assert.doesNotMatch(refused.body.message, /secret/);
  }
  assert.equal(server.internal.length, 1);
});

test("[X4] a broken handshake is 400, a POST 405, another version 426", ONCE, async () => {
  await using server = await startSockets();
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const status = async (method: string, headers: Record<string, string>) => {
    const outgoing = httpRequest({ port: server.port, path: "/ws", method, headers });
    outgoing.end();
    const [response] = await once(outgoing, "response");
    assert.ok(JSON.parse((await response.setEncoding("utf8").toArray()).join("")).message);
    return response.statusCode;
  };
  const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  assert.equal(await status("GET", upgrade), 400);
  assert.equal(await status("GET", { ...upgrade, "sec-websocket-key": "short" }), 400);
  assert.equal(await status("GET", { ...upgrade, ...key, "sec-websocket-protocol": ",," }), 400);
  assert.equal(await status("POST", { ...upgrade, ...key }), 405);
  for (const version of ["", "12", "99"])
    assert.equal(await status("GET", { ...upgrade, "sec-websocket-version": version }), 426);
});

test("a request that offers another upgrade (h2c) is answered as if it did not", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  const headers = {
    connection: "Upgrade, HTTP2-Settings",
    upgrade: "h2c",
    "http2-settings": "AAMAAABk",
  };
  const outgoing = httpRequest({ port: server.port, path: "/health", headers });
  outgoing.end();
  const [response] = await once(outgoing, "response");
  assert.equal(response.statusCode, 200);
  response.resume();
});

test("a peer that no longer answers is cut off; one that does stays", ONCE, async () => {
  await using server = await startSockets({ pingIntervalMs: 250 });
  await using dead = await openSocket(server, "/ws", { autoPong: false });
  await using alive = await openSocket(server, "/ws");
  assert.equal((await dead.closed).code, 1006);
  for (let count = 0; count < 3; count++) await once(alive.socket, "ping");
  alive.say('"here"');
  assert.equal(await alive.next(), "here");
});

test("a client that reads nothing is cut off at 1 MiB, not buffered for", ONCE, async () => {
  const opened = Promise.withResolvers<Socket>();
  await using server = await startSockets({}, async () => (socket) => {
    opened.resolve(socket);
    return () => {};
  });
  const client = connect(server.port, "127.0.0.1");
  client.on("error", () => {}).pause();
  client.write(
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const socket = await opened.promise;
  const text = "x".repeat(64 * 1024);
  let sent = 0;
  while (!socket.gone.aborted && sent < 1000) {
    socket.send(text);
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(socket.gone.aborted);
  assert.equal(server.sockets.count(), 0);
  client.destroy();
});

test("a handler's own mistake closes that socket with 1011 and is reported", ONCE, async () => {
  await using server = await startSockets({}, async () => () => () => {
    throw new Error("secret inner text");
  });
  await using client = await openSocket(server, "/ws");
  client.say("Hi");
  assert.deepEqual(await client.closed, { code: 1011, reason: "Internal server error" });
  assert.equal(server.internal[0]?.code, "internal");
});

test(
  "at shutdown sockets are closed with 1001, and new ones are refused with 503",
  ONCE,
  async () => {
    await using server = await startSockets();
    const open = await Promise.all([openSocket(server, "/ws"), openSocket(server, "/ws")]);
    assert.equal(server.sockets.count(), 2);
    const closing = server.sockets.close();
    assert.equal((await refusedSocket(server, "/ws")).status, 503);
    for (const client of open) assert.equal((await client.closed).code, 1001);
    await closing;
    assert.equal(server.sockets.count(), 0);
  },
);

test("at shutdown a peer that does not answer is not waited for", ONCE, async () => {
  await using server = await startSockets();
  const silent = await openSocket(server, "/ws");
  silent.socket.pause();
  await server.sockets.close();
  assert.equal(server.sockets.count(), 0);
  silent.socket.resume();
  await silent[Symbol.asyncDispose]();
});

test(
  "a client of Socket.IO is told in words to open a plain WebSocket at /ws, by polling and by upgrade",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const query = "?EIO=4&transport=polling&t=abc";
    for (const path of [`/socket.io/${query}`, `/socket.io${query}`])
      for (const method of ["GET", "POST"]) {
        const answer = await send(server, method, path, method === "POST" ? "40" : undefined, {
          "content-type": "text/plain;charset=UTF-8",
        });
        assert.equal(answer.status, 404, `${method} ${path}`);
        assert.equal(answer.body.code, "NOT_FOUND");
        assert.match(answer.body.message, /does not speak Socket\.IO.*plain WebSocket at \/ws/);
      }
    const upgrade = await refusedSocket(server, "/socket.io/?EIO=4&transport=websocket");
    assert.equal(upgrade.status, 404);
    assert.match(upgrade.body.message, /plain WebSocket at \/ws/);
  },
);
