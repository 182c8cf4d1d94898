// Strangers who come through a proxy or a tunnel on the server's own machine are no programs of that machine.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { FORWARDERS, startForwarder, withoutForwarders } from "./forwarders.ts";
import { startTunnel, TUNNELS, withoutTunnels } from "./ssh-tunnel.ts";
import { startServer } from "./start-server.ts";
import { makeKey } from "./wire-client.ts";

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const BODY = '{"message":"Hi","user_id":"ann"}';
const JSON_HEADERS = (body: string) =>
  `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`;

type Probe = { readonly what: string; readonly bytes: (host: string) => string };
const probe = (what: string, start: string, headers: string, body = ""): Probe => ({
  what,
  bytes: (host) => `${start} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n${body}`,
});
const BEARER = "Authorization: Bearer local\r\n";
const PROBES = [
  probe("conversations of 004", "GET /v1/chat/conversations", `${BEARER}Connection: close\r\n`),
  probe("the first key", "POST /v1/chat/keys", BEARER + JSON_HEADERS("{}"), "{}"),
  probe("a message of 000", "POST /chat", JSON_HEADERS(BODY), BODY),
  probe("conversations of 000", "GET /conversations?user_id=ann", "Connection: close\r\n"),
  probe("figures", "GET /metrics", "Connection: close\r\n"),
  probe("the socket of 000", "GET /ws?user_id=ann", UPGRADE),
  probe("the socket of 003", "GET /ws", UPGRADE),
];

const PATIENCE_MS = 60_000;

/** Sends it. @returns the status and everything that came, once the answer is whole: proxies keep connections open */
async function ask(port: number, bytes: string): Promise<{ status: number; body: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.write(bytes);
  let body = "";
  try {
    for await (const data of socket.setEncoding("utf8")) {
      body += data;
      if (isWhole(body)) break;
    }
  } catch {
    // Reset: what has come is the answer.
  }
  socket.destroy();
  return { status: Number(/^HTTP\/1\.\d (\d{3})/.exec(body)?.[1] ?? 0), body };
}

/** A WebSocket that is opened has no body. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (/^HTTP\/1\.\d 101 /.test(answer)) return true;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer.slice(0, end + 2))?.[1];
  return length !== undefined && Buffer.byteLength(answer.slice(end + 4)) >= Number(length);
}

const WAYS = [
  {
    what: "proxies",
    skip: withoutForwarders,
    ways: FORWARDERS.map((name) => (server: number) => startForwarder(name, server)),
  },
  {
    what: "ssh -R",
    skip: withoutTunnels,
    ways: TUNNELS.map((name) => (server: number) => startTunnel(name, server)),
  },
];

for (const mode of ["unclaimed", "claimed, with AUTH_ANONYMOUS=loopback"] as const)
  for (const { what: kind, ways, skip } of WAYS)
    test(`[X13] nobody is served through a proxy or a tunnel, whatever Host he sends: ${kind}, ${mode}`, {
      skip,
      timeout: 240_000,
    }, async () => {
      const isClaimed = mode !== "unclaimed";
      await using server = await startServer({
        builtIn: true,
        environment: isClaimed ? { AUTH_ANONYMOUS: "loopback" } : {},
      });
      if (isClaimed) await makeKey(server);
      await using opened = new AsyncDisposableStack();
      const forwarders = await Promise.all(
        ways.map(async (start) => opened.use(await start(server.port))),
      );
      const wrong: string[] = [];
      for (const { name, port } of forwarders) {
        const isSameUser = name.endsWith(", of the same user");
        for (const host of ["localhost:8000", `127.0.0.1:${server.port}`, "chat.example"])
          for (const { what, bytes } of PROBES) {
            const { status, body } = await ask(port, bytes(host));
            const isForOperators = what === "the first key" || what === "figures";
            // Wire 004 wants a Bearer token, and on a claimed server a good one.
            const hasBadToken = isClaimed && /004|first key/.test(what);
            // What SECURITY.md says of a forwarder that the same user runs and that hides itself.
            const isTakenForLocal = isSameUser && host !== "chat.example" && !hasBadToken;
            const isLetIn = isTakenForLocal && !isForOperators;
            // A plain nginx leaves Upgrade out: what arrives is no request for a socket.
            const isLost = name === "nginx, bare" && what.startsWith("the socket");
            const refusal = isLost ? 426 : isClaimed && !isTakenForLocal ? 401 : 403;
            if (isLetIn ? status !== 200 && status !== 101 : status !== refusal)
              wrong.push(`${name}, Host ${host}, ${what}: ${status}`);
            else if (!isLetIn && !isLost && !/keys create/.test(body))
              wrong.push(`${name}, ${what}: ${body}`);
          }
      }
      assert.deepEqual(wrong, []);
      assert.equal((await server.store.listKeys()).length, isClaimed ? 1 : 0);
      const directly = await ask(server.port, PROBES[2]?.bytes("localhost") ?? "");
      assert.equal(directly.status, 200, "a program of this machine is served as before");
    });
