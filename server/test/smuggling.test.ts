// Requests within requests: what two servers in a row could read differently is not read at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exchange } from "./raw-socket.ts";
import { startServer } from "./start-server.ts";

const BODY = '{"message":"SMUGGLED","user_id":"mallory"}';
const SMUGGLED = `POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const START = "POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

/** Ways to say "chunked" that one server understands and another does not. */
const CHUNKED = [
  "Transfer-Encoding: chunked",
  "Transfer-Encoding : chunked",
  " Transfer-Encoding: chunked",
  "Transfer-Encoding:\tchunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding: \x00chunked",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunkedx",
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity, chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding:\r\n chunked",
  "Transfer-Encoding\r\n : chunked",
  "Transfer-encoding: CHUNKED",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "Transfer-Encoding: ch\u00fcnked",
];

const LENGTHS = [
  "Content-Length: 0\r\nContent-Length: 5",
  "Content-Length: 5\r\nContent-Length: 0",
  "Content-Length: 0, 5",
  "Content-Length: 5, 5",
  "Content-Length: +0",
  "Content-Length: -0",
  "Content-Length: 0x0",
  "Content-Length: 0e5",
  "Content-Length: 0 5",
  "Content-Length: 0\x0b",
  "Content-Length:",
  "Content-Length: zero",
  "Content-Length: 18446744073709551616",
  "Content-Length : 0",
  " Content-Length: 0",
];

/** Chunks that are none. */
const CHUNKS = [
  "0x0\r\n\r\n",
  "-0\r\n\r\n",
  " 0\r\n\r\n",
  "0 \r\n\r\n",
  "10000000000000000\r\n\r\n",
  "g\r\n\r\n",
  "\r\n\r\n",
  "0\n\n",
  "0\r\r",
  "0;\n\r\n\r\n",
  "5\r\nabcde0\r\n\r\n",
  "5\r\nabcdefg\r\n0\r\n\r\n",
  "5\nabcde\n0\n\n",
];

const OTHERS = [
  "GET /health HTTP/1.1\nHost: localhost\n\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\n\n",
  "GET /health HTTP/1.1 \r\nHost: localhost\r\n\r\n",
  "GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n",
  "GET /health HTTP/1.2\r\nHost: localhost\r\n\r\n",
  "GET\t/health\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /hea\r\nlth HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nX y: z\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nX\x00: z\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
];

test("no request is hidden in another, whatever is said of its length", {
  timeout: 120_000,
}, async (context) => {
  await using server = await startServer();
  const ends = "0\r\n\r\n";
  const rows = [
    ...CHUNKED.flatMap((header) =>
      [4, ends.length, ends.length + SMUGGLED.length].map(
        (length) => `${START}Content-Length: ${length}\r\n${header}\r\n\r\n${ends}${SMUGGLED}`,
      ),
    ),
    ...CHUNKED.filter(
      (header) => !/^Transfer-[Ee]ncoding:[ \t](?:chunked|CHUNKED)$/.test(header),
    ).map((header) => `${START}${header}\r\n\r\n${ends}${SMUGGLED}`),
    ...LENGTHS.map((header) => `${START}${header}\r\n\r\n${SMUGGLED}`),
    ...CHUNKS.map((chunks) => `${START}Transfer-Encoding: chunked\r\n\r\n${chunks}${SMUGGLED}`),
    ...OTHERS.map((request) => `${request}${SMUGGLED}`),
  ];
  const served: string[] = [];
  const counts: Record<string, number> = {};
  for (const bytes of rows) {
    const before = server.model.requests.length;
    const answer = await exchange(server.port, bytes, 300);
    const statuses = answer.match(/HTTP\/1\.1 \d{3}/g) ?? [];
    counts[statuses.join(" ")] = (counts[statuses.join(" ")] ?? 0) + 1;
    if (server.model.requests.length > before || /SMUGGLED/.test(answer))
      served.push(JSON.stringify(bytes.slice(0, 160)));
    if (statuses.some((status) => status.endsWith("500")))
      served.push(`500 ${bytes.slice(0, 160)}`);
  }
  assert.deepEqual(served, []);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  const plain = await exchange(server.port, SMUGGLED.replace("\r\n", "\r\nConnection: close\r\n"));
  assert.match(plain, /SMUGGLED/, "by itself it is served: the check can fail");
  context.diagnostic(`${rows.length} rows; answered ${JSON.stringify(counts)}`);
});
