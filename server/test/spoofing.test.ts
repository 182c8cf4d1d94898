// Until the first key is made, programs of this machine are served without one: who else could pass for such a program?
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { connectionFacts } from "../src/http/request-facts.ts";
import { startServer } from "./start-server.ts";
import type { Server } from "./wire-client.ts";

const LEAST = 500;
const PAGE = "http://localhost:5000";

/** Header lines, sent as they stand; null: the header is left out. */
type Combination = {
  readonly host: string | null;
  readonly origin: string | null;
  readonly site: string | null;
  readonly forwarding: readonly [name: string, value: string] | null;
};

const LOCAL_HOSTS = [
  "localhost",
  "LOCALHOST:8000",
  "127.0.0.1",
  "127.0.0.1:8000",
  "127.9.9.9",
  "[::1]",
  "[::1]:8000",
];
const OTHER_HOSTS = [
  "",
  "evil.example",
  "evil.example:8000",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "evil.example.localhost",
  "foo.localhost",
  "localhost.",
  "localhost@evil.example",
  "evil.example#localhost",
  "evil.example/localhost",
  "127.0.0.1.nip.io",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "0.0.0.0",
  "[::]",
  "[::ffff:127.0.0.1]",
  "::1",
  "192.168.0.7",
  "10.0.0.1:8000",
  "169.254.169.254",
  "localhost:port",
  "localhost:99999999",
  "ｌocalhost",
];
const GOOD_ORIGINS = [
  null,
  PAGE,
  "https://localhost:5000",
  "http://localhost:5001",
  "http://127.0.0.1:3000",
  "http://[::1]",
];
const FOREIGN_ORIGINS = [
  "null",
  "",
  "http://evil.example",
  "http://localhost:5000.evil.example",
  "http://localhost@evil.example",
  "http://evil.localhost:3000",
  "ftp://localhost:3000",
  "http://localhost:3000/",
  "http://evil.example/http://localhost:5000",
  "http://localhost:5000, http://evil.example",
  "http://127.0.0.1.evil.example",
  "file://",
  "chrome-extension://abcdefgh",
];
const SITES: readonly [site: string | null, isForeign: boolean][] = [
  [null, false],
  ["same-origin", false],
  ["none", false],
  ["same-site", true],
  ["cross-site", true],
];
const FORWARDING = [
  "Forwarded",
  "Via",
  "X-Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Port",
  "X-Forwarded-Server",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Original-Forwarded-For",
  "X-Original-Host",
  "True-Client-IP",
  "CF-Connecting-IP",
  "Fastly-Client-IP",
  "X-Envoy-External-Address",
  "CDN-Loop",
  "CF-Ray",
  "X-Amzn-Trace-Id",
  "X-AppEngine-Country",
  "X-Azure-ClientIP",
  "X-ProxyUser-Ip",
  "X-Original-URL",
  "Proxy-Connection",
  "X-NginX-Proxy",
  "Akamai-Origin-Hop",
  "Fly-Client-IP",
  "X-Vercel-Id",
  "Ngrok-Auth-User-Email",
  "Tailscale-User-Login",
  "X-Coder-Forwarded",
  "X-Forwarded-Prefix",
  "X-Forwarded-Anything",
  "Max-Forwards",
];
const FORWARDED_VALUES = ["127.0.0.1", "::1", "localhost", ""];

function* combinations(): Generator<Combination & { readonly isLocal: boolean }> {
  for (const host of [...LOCAL_HOSTS, ...OTHER_HOSTS])
    for (const origin of [...GOOD_ORIGINS, ...FOREIGN_ORIGINS])
      for (const [site, isForeignSite] of SITES) {
        // A page of the server itself names the host as its origin; that is for the host to judge.
        const isForeign = origin === null ? isForeignSite : !GOOD_ORIGINS.includes(origin);
        const isLocal = LOCAL_HOSTS.includes(host) && !isForeign;
        yield { host, origin, site, forwarding: null, isLocal };
      }
  for (const host of OTHER_HOSTS.filter((it) => /^[\w.:[\]-]+$/.test(it)))
    yield { host, origin: `http://${host}`, site: "same-origin", forwarding: null, isLocal: false };
  for (const name of FORWARDING)
    for (const value of FORWARDED_VALUES)
      for (const host of LOCAL_HOSTS.slice(0, 3))
        yield { host, origin: null, site: null, forwarding: [name, value], isLocal: false };
}

const headersOf = ({ host, origin, site, forwarding }: Combination): string =>
  [
    host === null ? null : `Host: ${host}`,
    origin === null ? null : `Origin: ${origin}`,
    site === null ? null : `Sec-Fetch-Site: ${site}`,
    forwarding && `${forwarding[0]}: ${forwarding[1]}`,
  ]
    .filter((line) => line !== null)
    .map((line) => `${line}\r\n`)
    .join("");

/** Sends just these bytes. @returns the status */
async function raw(server: Server, bytes: string): Promise<number> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes, "utf8");
  const answer = await text(socket).catch(() => "");
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

const requestOf = (path: string, headers: string) =>
  `GET ${path} HTTP/1.1\r\n${headers}Authorization: Bearer local\r\nConnection: close\r\n\r\n`;
const upgradeOf = (path: string, headers: string) =>
  `GET ${path} HTTP/1.1\r\n${headers}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

test(`at least ${LEAST} ways to pass for a program of this machine: who is none is refused on every wire`, {
  timeout: 120_000,
}, async (context) => {
  await using server = await startServer({ builtIn: true });
  const paths = ["/v1/chat/conversations", "/conversations?user_id=a", "/api/conversations"];
  const wrong: string[] = [];
  let count = 0;
  let refused = 0;
  const check = async (one: Combination & { isLocal: boolean }, index: number) => {
    const path = paths[index % paths.length] ?? "";
    const status = await raw(server, requestOf(path, headersOf(one)));
    count++;
    if (!one.isLocal) refused++;
    if (one.isLocal ? status !== 200 : status !== 403 && status !== 400)
      wrong.push(`${status} ${path} ${JSON.stringify(one)}`);
    if (one.isLocal || index % 4) return;
    const socket = await raw(
      server,
      upgradeOf(index % 8 ? "/ws" : "/ws?user_id=a", headersOf(one)),
    );
    count++;
    if (socket !== 403 && socket !== 400) wrong.push(`${socket} socket ${JSON.stringify(one)}`);
  };
  const all = [...combinations()].entries();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const [index, one] of all) await check(one, index);
    }),
  );
  for (const [what, bytes] of [
    [
      "a proxy's header after 2,000 others",
      requestOf(
        "/conversations?user_id=a",
        `Host: localhost\r\n${"a:\r\n".repeat(2100)}X-Forwarded-For: 203.0.113.9\r\n`,
      ),
    ],
    [
      "101 headers",
      requestOf("/conversations?user_id=a", `Host: localhost\r\n${"a:\r\n".repeat(101)}`),
    ],
    ["no Host", requestOf("/conversations?user_id=a", "")],
    [
      "two Hosts",
      requestOf("/conversations?user_id=a", "Host: localhost\r\nHost: evil.example\r\n"),
    ],
    [
      "an address as target",
      requestOf("http://evil.example/conversations?user_id=a", "Host: evil.example\r\n"),
    ],
    ["HTTP/1.0 without Host", "GET /conversations?user_id=a HTTP/1.0\r\n\r\n"],
    [
      "HTTP/1.0, as a plain nginx passes it on",
      "GET /conversations?user_id=a HTTP/1.0\r\nHost: localhost:8000\r\nConnection: close\r\n\r\n",
    ],
    [
      "a folded Host",
      requestOf("/conversations?user_id=a", "Host: localhost\r\n evil.example\r\n"),
    ],
    ["a Host with a blank", requestOf("/conversations?user_id=a", "Host : localhost\r\n")],
  ] as const) {
    const status = await raw(server, bytes);
    if (status !== 403 && status !== 400) wrong.push(`${status} ${what}`);
    count++;
  }
  assert.deepEqual(wrong.slice(0, 20), []);
  assert.ok(refused >= LEAST, `only ${refused}`);
  context.diagnostic(`${count} requests, ${refused} combinations that must be refused`);
});

test("a peer is this machine by its address alone, however that is written", () => {
  const facts = (remoteAddress: string | undefined) =>
    connectionFacts(
      { headers: { host: "localhost" }, socket: { remoteAddress } } as unknown as IncomingMessage,
      "",
      { listed: [], publicOrigin: null },
    ).peerIsLoopback;
  for (const address of [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:127.8.8.8",
  ])
    assert.equal(facts(address), true, address);
  for (const address of [
    undefined,
    "",
    "128.0.0.1",
    "126.255.255.255",
    "10.0.0.1",
    "0.0.0.0",
    "::",
    "::2",
    "fe80::1",
    "fd00::127:0:0:1",
    "::ffff:10.0.0.1",
    "::ffff:128.0.0.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
    "127.0.0.1.evil.example",
    "localhost",
  ])
    assert.equal(facts(address), false, String(address));
});
