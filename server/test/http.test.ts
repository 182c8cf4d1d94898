// What HTTP promises on every wire, seen through those that have no test of their own for it.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { makeKey } from "./wire-client.ts";

/** Each replica has figures of its own, and the proxy asks any of them. */
const EACH_HAS_ITS_OWN = {
  skip: BACKEND === "replicas" && "each replica has its own figures",
};

test("[X2] [S11] /health says what works, in the words of 003 with time and version", async () => {
  await using server = await startServer();
  const response = await fetch(`${server.url}/health`);
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200);
  assert.deepEqual(Object.keys(body), [
    "status",
    "services",
    "active_connections",
    "engines",
    "timestamp",
    "version",
    ...(BACKEND === "replicas" ? ["redis"] : []),
  ]);
  assert.equal(body.status, "healthy");
  assert.deepEqual(Object.keys(body.services as object), [
    "ai_service",
    "audio_processor",
    "audio_pipeline",
  ]);
  assert.equal(body.active_connections, 0);
});

test("[X2] /health is 503 and unhealthy when the configured model cannot be reached", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { OPENAI_BASE_URL: "http://127.0.0.1:9/v1", MODEL: "gone" },
  });
  const response = await fetch(`${server.url}/health`);
  assert.equal(response.status, 503);
  const body = (await response.json()) as { status: string; services: { ai_service: boolean } };
  assert.equal(body.status, "unhealthy");
  assert.equal(body.services.ai_service, false);
});

test("[X3] / answers a program in JSON and sends a browser on", async () => {
  await using server = await startServer({ builtIn: true });
  const plain = await fetch(server.url);
  assert.deepEqual(await plain.json(), {
    message: "Conversational AI Backend is running",
    status: "healthy",
  });
  const browser = await fetch(server.url, {
    headers: { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" },
    redirect: "manual",
  });
  assert.equal(browser.status, 302);
  const page = await fetch(new URL(browser.headers.get("location") ?? "", server.url));
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /text\/html/);
});

test("[X3] a browser at an address that does not exist gets a page in its own language", async () => {
  await using server = await startServer({ builtIn: true });
  const shown = async (languages: string) => {
    const headers = { accept: "text/html", "accept-language": languages };
    const response = await fetch(`${server.url}/none/such`, { headers });
    assert.equal(response.status, 404);
    const [, language, direction, title] =
      /lang="(\w+)" dir="(\w+)".*<h1>(.*)<\/h1>/su.exec(await response.text()) ?? [];
    assert.equal(response.headers.get("content-language"), language);
    return [language, direction, title];
  };
  const english = ["en", "ltr", "There is nothing at this address"];
  assert.deepEqual(await shown("sv, xx;q=0.9"), english);
  const others = await Promise.all(["de-AT", "sv, fr;q=0.9", "es", "ja-JP", "ar-EG,en"].map(shown));
  assert.deepEqual(
    others.map(([language, direction]) => `${language} ${direction}`),
    ["de ltr", "fr ltr", "es ltr", "ja ltr", "ar rtl"],
  );
  assert.equal(new Set([english, ...others].map(([, , title]) => title)).size, 6);
});

const post = (body: string, headers: Record<string, string> = {}) => ({
  method: "POST",
  body,
  headers: { "content-type": "application/json", ...headers },
});

test("[X4] (chat-v1) whatever is wrong is told in this wire's words, with a request id, and nothing is stored", async () => {
  await using server = await startServer();
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  const messages = `/conversations/${id}/messages`;
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const table: [number, string, string, RequestInit][] = [
    [400, "VALIDATION_ERROR", messages, post("{")],
    [400, "VALIDATION_ERROR", messages, post("")],
    [400, "VALIDATION_ERROR", messages, post("null")],
    [400, "VALIDATION_ERROR", messages, post("[]")],
    [400, "VALIDATION_ERROR", messages, post('"text"')],
    [400, "VALIDATION_ERROR", messages, post("{}")],
    [400, "VALIDATION_ERROR", messages, post('{"content":5}')],
    [400, "VALIDATION_ERROR", messages, post('{"content":null}')],
    [400, "VALIDATION_ERROR", messages, post('{"content":["a"]}')],
    [400, "VALIDATION_ERROR", messages, post('{"content":"a","role":"admin"}')],
    [400, "VALIDATION_ERROR", messages, post('{"content":"a","model":7}')],
    [400, "VALIDATION_ERROR", messages, post('{"content":"a","__proto__":{"role":"system"}}')],
    [
      400,
      "VALIDATION_ERROR",
      messages,
      post('{"content":"a","constructor":{"prototype":{"x":1}}}'),
    ],
    [400, "VALIDATION_ERROR", messages, post(nested)],
    [400, "VALIDATION_ERROR", messages, post(`{"content":${nested}}`)],
    [400, "VALIDATION_ERROR", "/conversations", post('{"title":"a\\u0000"}')],
    [400, "VALIDATION_ERROR", "/conversations/%00", {}],
    [400, "VALIDATION_ERROR", "/conversations/%E0%A4%A", {}],
    [400, "VALIDATION_ERROR", "/conversations?page=1&page=2", {}],
    [404, "NOT_FOUND", "/nothing/here", {}],
    [404, "NOT_FOUND", "/conversations/unknown", {}],
    [405, "METHOD_NOT_ALLOWED", "/conversations", { method: "PUT" }],
    [405, "METHOD_NOT_ALLOWED", messages, { method: "DELETE" }],
    [413, "PAYLOAD_TOO_LARGE", messages, post(JSON.stringify({ content: "x".repeat(5_000_000) }))],
    [
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      messages,
      post("content=x", { "content-type": "application/x-www-form-urlencoded" }),
    ],
    [415, "UNSUPPORTED_MEDIA_TYPE", messages, post("<a/>", { "content-type": "text/xml" })],
  ];
  for (const [status, code, path, init] of table) {
    const what = `${init.method ?? "GET"} ${path} ${String(init.body ?? "").slice(0, 40)}`;
    const response = await fetch(`${server.url}/v1/chat${path}`, {
      ...init,
      headers: { authorization: "Bearer x", ...(init.headers as object) },
    });
    const body = (await response.json()) as {
      success: boolean;
      message: string;
      error: { code: string };
    };
    assert.equal(response.status, status, what);
    assert.equal(body.success, false, what);
    assert.equal(body.error.code, code, what);
    assert.ok(body.message.length > 8, what);
    assert.match(response.headers.get("x-request-id") ?? "", /^req_\w+$/, what);
    if (status === 405) assert.ok(response.headers.get("allow"), what);
  }
  const invalidUtf8 = await fetch(`${server.url}/v1/chat${messages}`, {
    ...post(""),
    body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    headers: { authorization: "Bearer x", "content-type": "application/json" },
  });
  assert.equal(invalidUtf8.status, 400);
  assert.equal((await call(messages)).body.data.length, 0);
  assert.equal(server.model.requests.length, 0);
  assert.equal((await call(messages, { body: { content: "Still serving" } })).status, 201);
});

test("[X4] (chat-v1) a limit that an operator set is answered 429 with Retry-After", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { RATE_LIMITS: "chat-v1=3/m" },
  });
  const { call } = caller(server.url);
  for (let count = 0; count < 3; count++) assert.equal((await call("/conversations")).status, 200);
  const refused = await call("/conversations");
  assert.equal(refused.status, 429);
  assert.equal(refused.body.error?.code, "RATE_LIMITED");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60);
  assert.equal((await call("/conversations", { user: "another" })).status, 200);
});

test("[S8] /health and / answer 100 requests a minute from one address", async () => {
  await using server = await startServer({ builtIn: true, environment: { RATE_LIMITS: "" } });
  for (let count = 0; count < 100; count++)
    assert.equal((await fetch(`${server.url}/${count % 2 ? "health" : ""}`)).status, 200);
  const refused = await fetch(`${server.url}/health`);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.deepEqual(Object.keys((await refused.json()) as object), ["type", "message", "code"]);
});

test("[X4] a database that cannot be written answers 503 with Retry-After, and nothing of its inside", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  await server.store.close();
  for (const answer of [
    await call(`/conversations/${id}/messages`, { body: { content: "Hi" } }),
    await call("/conversations"),
  ]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.body.error?.code, "UNAVAILABLE");
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
    assert.doesNotMatch(JSON.stringify(answer.body), /sqlite|database is not open|\.ts|at /i);
  }
  assert.equal((await fetch(`${server.url}/health`)).status, 503);
});

test("[D6] pages of listed origins may read answers, with credentials; those of others may not", async () => {
  await using server = await startServer({
    builtIn: true,
    environment: { CORS_ORIGINS: "http://localhost:5000,https://app.example" },
  });
  for (const origin of ["http://localhost:5000", "https://app.example"]) {
    const preflight = await fetch(`${server.url}/v1/chat/conversations`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /idempotency-key/i);
    const answer = await fetch(`${server.url}/v1/chat/conversations`, {
      headers: { origin, authorization: "Bearer x" },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), origin);
    assert.match(answer.headers.get("vary") ?? "", /origin/i);
  }
  const foreign = await fetch(`${server.url}/v1/chat/conversations`, {
    headers: { origin: "https://evil.example", authorization: "Bearer x" },
  });
  assert.equal(foreign.status, 403);
  assert.equal(foreign.headers.get("access-control-allow-origin"), null);
});

test("a request that is broken on the wire is answered 400 and the server goes on", async () => {
  await using server = await startServer({ builtIn: true });
  for (const bytes of [
    "GET / HTTP/9.9\r\n\r\n",
    "\u0000\u0001\u0002\r\n\r\n",
    "POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ]) {
    const socket = connect(server.port, "127.0.0.1");
    socket.end(bytes, "latin1");
    assert.match(await text(socket), /^HTTP\/1\.1 [45]/, JSON.stringify(bytes));
  }
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test("the API is described for programs and for people", async () => {
  await using server = await startServer({ builtIn: true });
  const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, object>>;
  };
  assert.match(description.openapi, /^3\.1/);
  assert.deepEqual(Object.keys(description.paths["/v1/chat/conversations"] ?? {}).sort(), [
    "get",
    "post",
  ]);
  assert.match(await (await fetch(`${server.url}/docs`)).text(), /<html/i);
});

test(
  "the server's figures are an operator's to read, and name no user",
  EACH_HAS_ITS_OWN,
  async () => {
    await using server = await startServer({ builtIn: true });
    const { call, newConversation } = caller(server.url);
    await call(`/conversations/${await newConversation({ user: "figure-user" })}/messages`, {
      body: { content: "figure-text" },
      user: "figure-user",
    });
    const operator = { authorization: `Bearer ${await makeKey(server, { isOperator: true })}` };
    const figures = await (await fetch(`${server.url}/metrics`, { headers: operator })).text();
    for (const name of [
      "turns_total",
      "turns_running",
      "turns_queued",
      "time_to_first_token_seconds_bucket",
      "tokens_total",
      "store_commit_seconds_count",
      "nodejs_eventloop_lag",
      "sockets_open",
    ])
      assert.match(figures, new RegExp(`^(# HELP )?colloquy_${name}`, "m"), name);
    assert.match(figures, /colloquy_turns_total\{wire="chat-v1",status="complete",error=""\} 1/);
    assert.match(figures, /colloquy_store_commit_seconds_count [1-9]/);
    assert.doesNotMatch(figures, /figure-user|figure-text/);
    assert.equal(
      (await fetch(`${server.url}/metrics`, { headers: { origin: "https://evil.example" } }))
        .status,
      401,
    );
  },
);
