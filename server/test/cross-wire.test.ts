// One client script, unchanged, on every wire: what is begun through one is read, gone on with and
// deleted through the others.
// Backends: replicas
// Takes: 20 s
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WIRES as ALL_WIRES, type MakeWire } from "../src/wiring/wires.ts";
import { startLoad } from "./crash-load.ts";
import { replyTo, type Said } from "./cross-wire-client.ts";
import { startFaultLoad } from "./fault-load.ts";
import { BACKEND, ONCE, startServer } from "./start-server.ts";
import { toyWire } from "./toy-wire/index.ts";
import { type Server, send } from "./wire-client.ts";
import { findWires, merged } from "./wire-tests.ts";

const FOUND = { ...(await findWires()), ...(await findWires("toy-wire/tests")) };
const WIRES = merged(FOUND, ({ crossWire }) => crossWire);

/** The wires that delete, taken in turn: each deletes what was begun in several others. */
const DELETERS = ["000", "002", "004"] as const;

/** All clients of a user's. */
const clientsOf = (server: Server, user: string) =>
  Object.entries(WIRES).map(([name, { client, own }]) => ({ name, own, ...client(server, user) }));
type Clients = ReturnType<typeof clientsOf>;

/**
 * How many wires read what was begun in one and go on with it. Every pair is tried on the embedded store; on replicas, where
 * only another process is new, each wire has its turn after five others.
 */
const IN_TURN = 5;
const [OTHERS, OTHERS_COUNT] =
  BACKEND === "sqlite" ? ["every other", Infinity] : [`${IN_TURN} others`, IN_TURN];

/** So many of them: those after that place, and after the last the first again. */
const inTurn = (clients: Clients, place: number, count: number): Clients =>
  [...clients.slice(place + 1), ...clients.slice(0, place + 1)].slice(0, count);

/** Reads through one wire after the other. @returns what was said in the end */
async function readBy(
  clients: Clients,
  id: string,
  expected: readonly Said[],
): Promise<readonly Said[]> {
  let said = expected;
  for (const { name, own, read } of clients) {
    const found = await read(own(id));
    assert.deepEqual(found?.said, said, `read through ${name}`);
    const { asked } = found;
    if (asked) said = [...said, ["user", asked], ["assistant", replyTo(asked)]];
  }
  return said;
}

async function goneForAll(clients: Clients, id: string): Promise<void> {
  for (const { name, own, read, list, remove } of clients) {
    assert.equal(await read(own(id)), null, `read through ${name}`);
    assert.deepEqual(await list?.(), list ? [] : undefined, `listed by ${name}`);
    assert.notEqual(await remove?.(own(id)), true, `deleted through ${name}`);
  }
}

/** The conversation's id for all, from the one that its own wire gave. */
async function idForAll(clients: Clients, { own, read }: Clients[number], ownId: string) {
  const lists = await Promise.all(clients.map(({ list }) => list?.() ?? null));
  const [[id = ""] = [], ...others] = lists.filter((list) => list !== null);
  for (const other of others) assert.deepEqual(other, [id]);
  assert.ok(ownId === own(id) || ownId.startsWith("session-1704459600000"), ownId);
  if (ownId !== own(id)) assert.deepEqual(await read(ownId), await read(own(id)));
  return id;
}

describe("begun in one wire", { concurrency: 4 }, () => {
  let server: Server;
  before(async () => {
    server = await startServer({ moreWires: [toyWire] });
  });
  after(() => server[Symbol.asyncDispose]());
  for (const [index, name] of Object.keys(WIRES).entries()) {
    test(`begun in ${name}, a conversation is read and gone on with in ${OTHERS}, by its user only`, async () => {
      const clients = clientsOf(server, crypto.randomUUID());
      const others = inTurn(clients, index, OTHERS_COUNT);
      const beginner = clients.find((client) => client.name === name) ?? assert.fail();
      const text = `Begun in ${name}: é 👋`;
      const ownId = await beginner.begin(text);
      const id = await idForAll(clients, beginner, ownId);
      let said: readonly Said[] = [
        ["user", text],
        ["assistant", replyTo(text)],
      ];
      said = await readBy(inTurn(clients, index, IN_TURN), id, said);
      for (const client of others) {
        const more = `Gone on with in ${client.name}`;
        await client.goOn(client.own(id), more);
        said = [...said, ["user", more], ["assistant", replyTo(more)]];
      }
      await beginner.goOn(ownId, "And back");
      said = [...said, ["user", "And back"], ["assistant", replyTo("And back")]];
      await readBy(others, id, said);
      const strangers = clientsOf(server, crypto.randomUUID());
      await goneForAll(inTurn(strangers, index, OTHERS_COUNT), id);
      assert.equal(await idForAll(clients, beginner, ownId), id);
    });

    const deleter = DELETERS[index % DELETERS.length] ?? assert.fail();
    test(`begun in ${name}, a conversation is deleted through ${deleter}, for ${OTHERS}`, async () => {
      const clients = clientsOf(server, crypto.randomUUID());
      const others = inTurn(clients, index, OTHERS_COUNT);
      const beginner = clients.find((client) => client.name === name) ?? assert.fail();
      const remover = clients.find((client) => client.name === deleter);
      const id = await idForAll(clients, beginner, await beginner.begin("Short-lived"));
      assert.equal(await remover?.remove?.(remover.own(id)), true);
      await goneForAll(others, id);
    });
  }
});

test("every wire that holds conversations is in this test, in the loads and in the faults", () => {
  const dialects = join(import.meta.dirname, "../src/dialects");
  const folders = globSync("*/", { cwd: dialects }).filter(
    (name) => !["audio", "messages", "openai", "operations", "sign-in", "web"].includes(name),
  );
  assert.ok(folders.length >= 5, `only ${folders.length} folders were found`);
  assert.deepEqual(Object.keys(FOUND).sort(), [...folders, "toy"].sort());
  for (const [name, { crossWire, faultLoad }] of Object.entries(FOUND)) {
    assert.notDeepEqual(crossWire, {}, name);
    assert.notDeepEqual(faultLoad, {}, name);
  }
});

test(
  "a wire that is only a folder and a line in the list is loaded as every other",
  ONCE,
  async () => {
    await using server = await startServer({ moreWires: [toyWire] });
    const { toy } = FOUND;
    assert.ok(toy);
    const load = startFaultLoad(server, { clientsPerWire: 1, wires: toy.faultLoad });
    while (load.notes.acknowledged.size === 0) await sleep(10);
    await load.stop();
    assert.deepEqual(load.notes.wrong, []);
    const acknowledged = new Map<string, string>();
    const crash = startLoad(server.url, acknowledged, toy.crashLoad);
    await crash.running;
    await crash.stop();
    assert.deepEqual([...new Set(acknowledged.values())], ["toy"]);
  },
);

test("the words of errors do not depend on the order of the wires", ONCE, async () => {
  const answersOf = async (wires: readonly MakeWire[]) => {
    await using server = await startServer({ wires, builtIn: true });
    const answers = PATHS.map(async (path) => {
      const { status, text } = await send(server, "PATCH", path, {});
      return [path, status, text.replaceAll(/req_\w+/g, "req")];
    });
    return await Promise.all(answers);
  };
  const PATHS = [
    "/",
    "/ws",
    "/chat",
    "/chat/nothing",
    "/v1/nothing",
    "/v1/chat/nothing",
    "/v1/chat/toy",
    "/v1/chat/toy/x/y",
    "/api/v1/nothing",
    "/api/conversations/x/y",
    "/docs/nothing",
    "/nothing",
  ];
  const wires = [...ALL_WIRES, toyWire];
  assert.deepEqual(await answersOf(wires.toReversed()), await answersOf(wires));
});
