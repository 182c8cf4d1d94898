// Bodies of requests: who may send one, how much of them is held, what is made of them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { WebSocket } from "ws";
import { exchange } from "./raw-socket.ts";
import { startServer } from "./start-server.ts";
import { ALICE, makeKey } from "./wire-client.ts";

const MEBIBYTE = 1024 * 1024;
const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const key = await makeKey(server);

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
