// Whose program is at the other end of a connection: what Linux says of it, and how it is read.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { peerOwnerOf } from "../src/http/peer-owner.ts";
import { createSocketTable } from "../src/http/socket-table.ts";

const skip =
  (process.platform !== "linux" || endianness() !== "LE") &&
  "the rows are as Linux on x86 has them";
const LOOPBACK = "0100007F";
const MAPPED = "0000000000000000FFFF00000100007F";
const LOOPBACK_6 = "00000000000000000000000001000000";
const PORTS = { client: 40_000, server: 8000 };
const ends = (client: string, server: string) => `${client}:9C40 ${server}:1F40`;
const row = (number: number, key: string, uid: number, inode: number, state = "01") =>
  `${String(number).padStart(4)}: ${key} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0000000000000000 20 0 0 10 -1\n`;
const other = (number: number) =>
  row(
    number,
    `${LOOPBACK}:${(number + 1).toString(16).toUpperCase().padStart(4, "0")} ${LOOPBACK}:1F41`,
    1,
    7,
  );
const HEADING = "  sl  local_address rem_address   st tx_queue rx_queue\n";

function tableOf(tcp: string, tcp6: string | null) {
  const folder = mkdtempSync(join(tmpdir(), "colloquy-sockets-"));
  writeFileSync(join(folder, "tcp"), HEADING + tcp);
  if (tcp6 !== null) writeFileSync(join(folder, "tcp6"), HEADING + tcp6);
  const table = createSocketTable(folder);
  return {
    ask: (client = "127.0.0.1", server = "127.0.0.1") =>
      table.ownerOf(
        { address: client, port: PORTS.client },
        { address: server, port: PORTS.server },
      ),
    folder,
    async [Symbol.asyncDispose]() {
      await table.close();
      rmSync(folder, { recursive: true });
    },
  };
}

test("[X13] a socket is found by both of its ends, however the addresses are written, in files of any length", {
  skip,
}, async () => {
  const plain = row(0, ends(LOOPBACK, LOOPBACK), 33, 5);
  await using four = tableOf(plain, "");
  assert.equal(await four.ask(), 33);
  assert.equal(await four.ask("::ffff:127.0.0.1", "::ffff:127.0.0.1"), 33);
  assert.equal(await four.ask("::FFFF:7f00:1", "127.0.0.1"), 33);
  assert.equal(await four.ask("127.0.0.2"), null, "the port alone does not make it");
  assert.equal(await four.ask("127.0.0.1", "127.0.0.2"), null);
  assert.equal(await four.ask("::1", "::1"), null);
  await using six = tableOf("", row(12_345, ends(MAPPED, MAPPED), 104, 5));
  assert.equal(await six.ask(), 104);
  await using loopback = tableOf("", row(0, ends(LOOPBACK_6, LOOPBACK_6), 1000, 5));
  assert.equal(await loopback.ask("::1", "::1%lo"), 1000);
  await using without = tableOf(plain, null);
  assert.equal(await without.ask("::1", "::1"), null);

  const many = Array.from({ length: 3000 }, (_, number) => other(number)).join("");
  await using long = tableOf(many + row(3000, ends(LOOPBACK, LOOPBACK), 1001, 5) + many, "");
  const answers = await Promise.all(Array.from({ length: 50 }, () => long.ask()));
  assert.deepEqual(new Set(answers), new Set([1001]));
});

test("[X13] a socket that its program has closed is nobody's: Linux writes it down as root's", {
  skip,
}, async () => {
  for (const state of ["04", "05", "06", "09"]) {
    await using table = tableOf(row(0, ends(LOOPBACK, LOOPBACK), 0, 0, state), "");
    assert.equal(await table.ask(), null, `state ${state}`);
  }
  await using halfClosed = tableOf(row(0, ends(LOOPBACK, LOOPBACK), 33, 5, "05"), "");
  assert.equal(await halfClosed.ask(), 33, "whoever only has sent all is still there");
});

test("[X13] a list that cannot be read lets nobody in", { skip }, async () => {
  const table = createSocketTable("/nowhere");
  const end = { address: "127.0.0.1", port: 1 };
  const lookUps = await Promise.allSettled([table.ownerOf(end, end), table.ownerOf(end, end)]);
  assert.deepEqual(
    lookUps.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await table.close();
  await assert.rejects(table.ownerOf(end, end), "the thread starts again after its end");
});

test("[X13] a real connection is this user's own; one that was closed at once is not known", {
  skip,
}, async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(port, "127.0.0.1");
  const [there] = (await once(server, "connection")) as [Socket];
  assert.equal(await peerOwnerOf(there), "own");
  client.destroy();
  await once(there.resume(), "end");
  assert.equal(await peerOwnerOf(there), "own", "once for a connection");

  const quick = connect(port, "127.0.0.1", () => quick.destroy());
  const [gone] = (await once(server, "connection")) as [Socket];
  await once(gone.resume(), "end");
  assert.equal(await peerOwnerOf(gone), "unknown");
  there.destroy();
  gone.destroy();
  server.close();
});

test("[X13] the event loop does not read the list of sockets: 300 look-ups in 60,000 rows compute less than one reading", {
  skip,
}, async () => {
  const many = Array.from({ length: 60_000 }, (_, number) => other(number)).join("");
  await using table = tableOf(many + row(60_000, ends(LOOPBACK, LOOPBACK), 33, 5), "");
  assert.equal(await table.ask(), 33, "the thread has started");
  const reading: number[] = [];
  const lookingUp: number[] = [];
  for (const _ of Array(5)) {
    const control = cpuOf(process.threadCpuUsage());
    const rows = readFileSync(join(table.folder, "tcp"), "latin1").split("\n");
    assert.ok(rows.some((text) => text.includes(ends(LOOPBACK, LOOPBACK))));
    reading.push(control());
    const lookUps = cpuOf(process.threadCpuUsage());
    const answers = await Promise.all(Array.from({ length: 300 }, () => table.ask()));
    lookingUp.push(lookUps());
    assert.deepEqual(new Set(answers), new Set([33]));
  }
  // The least of each: what the machine or the collector of garbage adds is not theirs.
  const oneReading = Math.min(...reading);
  const allLookUps = Math.min(...lookingUp);
  assert.ok(
    allLookUps < oneReading,
    `300 look-ups computed ${allLookUps} ms, one reading here ${oneReading} ms`,
  );
});

/** What this thread computes from then on, in milliseconds: other programs of the machine do not count. */
const cpuOf = (before: NodeJS.CpuUsage) => (): number => {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
};
