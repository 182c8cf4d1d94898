// WebSocket frames by hand, after the groups 1 to 7 of the Autobahn test suite (RFC 6455).
// Runs: waiting
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { frame, openRaw } from "./raw-socket.ts";
import { startServer } from "./start-server.ts";

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const CONTINUATION = 0;

const closing = (code: number, reason: string | Uint8Array = "") =>
  frame({
    opcode: CLOSE,
    payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as string)]),
  });
const text = (payload: string | Uint8Array, fin = true) => frame({ opcode: TEXT, payload, fin });
const more = (payload: string | Uint8Array, fin = true) =>
  frame({ opcode: CONTINUATION, payload, fin });

const BAD_UTF8 = [
  "ff",
  "80",
  "c0af",
  "e080af",
  "f08080af",
  "c1bf",
  "eda080",
  "edbfbf",
  "f4908080",
  "f8888080af",
  "fc8480808080",
  "fe",
  "cebae1bdb9cf83cebcceb5eda080656469746564",
  "c3",
  "e282",
  "f09f98",
];
const GOOD_UTF8 = ["", "plain", "é", "日本語", "😀", "\u0000", "\uffff", "\u{10ffff}", "\ufeff"];

type Row = readonly [name: string, frames: readonly Buffer[], code: number];

/** What closes the connection, and with which code. */
const BROKEN: readonly Row[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (reserved): Row => [
      `3: reserved bits ${reserved}`,
      [frame({ opcode: TEXT, reserved, payload: "x" })],
      1002,
    ],
  ),
  ...[1, 4].map(
    (reserved): Row => [
      `3: a ping with reserved bits ${reserved}`,
      [frame({ opcode: PING, reserved })],
      1002,
    ],
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode): Row => [`4: opcode ${opcode}`, [frame({ opcode, payload: "x" })], 1002],
  ),
  ["2: a ping of 126 bytes", [frame({ opcode: PING, payload: "x".repeat(126) })], 1002],
  ["2: a close of 126 bytes", [closing(1000, "x".repeat(124))], 1002],
  ["5: a ping in pieces", [frame({ opcode: PING, fin: false, payload: "x" })], 1002],
  ["5: a pong in pieces", [frame({ opcode: PONG, fin: false, payload: "x" })], 1002],
  ["5: a piece of nothing", [more("x")], 1002],
  ["5: a first piece of nothing", [more("x", false), more("y")], 1002],
  ["5: a message within another", [text("x", false), text("y")], 1002],
  [
    "5: a binary message within a text",
    [text("x", false), frame({ opcode: BINARY, payload: "y" })],
    1002,
  ],
  ["5: more after the last piece", [text("{", false), more("}"), more("x")], 1002],
  ["not masked", [frame({ opcode: TEXT, payload: "x", masked: false })], 1002],
  ...BAD_UTF8.map((hex): Row => [`6: bytes ${hex}`, [text(Buffer.from(hex, "hex"))], 1007]),
  ...BAD_UTF8.map(
    (hex): Row => [
      `6: bytes ${hex} in pieces`,
      [...Buffer.from(hex, "hex")].map((byte, index, all) =>
        frame({
          opcode: index ? CONTINUATION : TEXT,
          fin: index === all.length - 1,
          payload: Buffer.from([byte]),
        }),
      ),
      1007,
    ],
  ),
  ["7: a close of one byte", [frame({ opcode: CLOSE, payload: "x" })], 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code): Row => [`7: a close with ${code}`, [closing(code)], 1002],
  ),
  ["7: a close for no reason in UTF-8", [closing(1000, Buffer.from("ff", "hex"))], 1007],
  [
    "9: a length beyond all",
    [Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(12, 0xff)])],
    1009,
  ],
  [
    "9: a length beyond what is taken",
    [Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 2]), Buffer.alloc(7)])],
    1009,
  ],
];

test(`what breaks the protocol closes the socket with its code (${BROKEN.length} rows), on both sockets`, {
  timeout: 60_000,
}, async () => {
  await using server = await startServer({ builtIn: true });
  const wrong: string[] = [];
  for (const path of ["/ws?user_id=ann", "/ws"])
    for (const [name, frames, code] of BROKEN) {
      using raw = await openRaw(server.port, path);
      raw.socket.setTimeout(1000, () => raw.socket.destroy());
      raw.send(...frames);
      let got: number | null = null;
      for (let next = await raw.next(); next; next = await raw.next())
        if (next.opcode === CLOSE) {
          got = next.payload.length >= 2 ? next.payload.readUInt16BE(0) : 0;
          break;
        }
      if (got !== code) wrong.push(`${path} ${name}: ${got}, not ${code}`);
    }
  assert.deepEqual(wrong, []);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test("what keeps to the protocol is answered: sizes, pings, pieces, UTF-8, closes", {
  timeout: 60_000,
}, async () => {
  await using server = await startServer({ builtIn: true });
  using raw = await openRaw(server.port, "/ws?user_id=ann");
  const answer = async () => {
    const next = await raw.next();
    assert.equal(next?.opcode, TEXT);
    return JSON.parse(String(next?.payload)) as { type: string; content: string };
  };
  for (const size of [0, 1, 125, 126, 127, 128, 65_535, 65_536, 500_000]) {
    raw.send(text("x".repeat(size)));
    assert.equal((await answer()).type, "error", `1: ${size}`);
    raw.send(frame({ opcode: BINARY, payload: "x".repeat(size) }));
    assert.equal((await answer()).type, "error", `1: ${size} binary`);
  }
  for (const size of [0, 1, 125]) {
    raw.send(frame({ opcode: PING, payload: "p".repeat(size) }));
    const pong = await raw.next();
    assert.deepEqual([pong?.opcode, String(pong?.payload)], [PONG, "p".repeat(size)], "2");
  }
  raw.send(frame({ opcode: PONG, payload: "unasked" }));
  for (const said of GOOD_UTF8.filter((it) => it !== "" && it !== "\u0000" && it !== "\ufeff")) {
    const bytes = Buffer.from(JSON.stringify({ type: "message", content: said }));
    raw.send(
      ...[...bytes].map((byte, index) =>
        frame({
          opcode: index ? CONTINUATION : TEXT,
          fin: index === bytes.length - 1,
          payload: Buffer.from([byte]),
        }),
      ),
    );
    assert.equal((await answer()).content, `You said: ${said}`, "5 and 6");
  }
  raw.send(
    text('{"type":"message",', false),
    frame({ opcode: PING, payload: "in between" }),
    more('"content":"Hi"}'),
  );
  assert.equal((await raw.next())?.opcode, PONG, "5");
  assert.equal((await answer()).content, "You said: Hi");
  for (const code of [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
  ]) {
    using closed = await openRaw(server.port, "/ws?user_id=ann");
    closed.send(closing(code, "é".repeat(61)));
    const echoed = await closed.next();
    assert.deepEqual([echoed?.opcode, echoed?.payload.readUInt16BE(0)], [CLOSE, code], "7");
  }
});

const residentMiB = async (): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile("/proc/self/status", "utf8"))?.[1]) / 1024;

test("300,000 pieces of one message, and pings whose pongs nobody reads, are cut off in bounded memory", {
  timeout: 120_000,
}, async (context) => {
  await using server = await startServer({ builtIn: true });
  const before = await residentMiB();
  const pieces = Buffer.concat(Array.from({ length: 1000 }, () => more("x", false)));
  for (const path of ["/ws?user_id=ann", "/ws"]) {
    using raw = await openRaw(server.port, path);
    raw.send(text("{", false));
    let sent = 1;
    let code: number | null = null;
    const closed = (async () => {
      for (let next = await raw.next(); next; next = await raw.next())
        if (next.opcode === CLOSE) code = next.payload.readUInt16BE(0);
    })();
    for (; sent < 300_000 && code === null && !raw.socket.destroyed; sent += 1000) {
      raw.send(pieces);
      await new Promise(setImmediate);
    }
    await closed;
    assert.equal(code, 1008, path);
    context.diagnostic(`${path}: closed after ${sent} pieces`);
  }
  const pings = Buffer.concat(
    Array.from({ length: 500 }, () => frame({ opcode: PING, payload: "x".repeat(125) })),
  );
  using raw = await openRaw(server.port, "/ws?user_id=ann");
  raw.socket.pause();
  const gone = new Promise((resolve) => raw.socket.once("close", resolve).once("error", resolve));
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  for (let count = 0; count < 2000 && !isGone; count++) {
    if (!raw.socket.write(pings))
      await Promise.race([gone, new Promise((resolve) => raw.socket.once("drain", resolve))]);
    const { active_connections } = (await (await fetch(`${server.url}/health`)).json()) as {
      active_connections: number;
    };
    if (active_connections === 0) break;
  }
  const grown = (await residentMiB()) - before;
  context.diagnostic(`memory grew by ${Math.round(grown)} MiB`);
  assert.ok(grown < 200, `${grown} MiB`);
  assert.equal(
    ((await (await fetch(`${server.url}/health`)).json()) as { active_connections: number })
      .active_connections,
    0,
  );
});
