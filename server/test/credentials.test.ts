// What the server remembers of credentials.
// Runs: apart
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../src/adapters/clocks/system/clock.ts";
import { keyCredentials } from "../src/adapters/credentials/keys/credentials.ts";
import {
  hashOfSession,
  sessionCredentials,
} from "../src/adapters/credentials/sessions/credentials.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const FALSE_KEYS = 2000;
const KEY_CHARACTERS = 15_000;
const MOST_REMEMBERED = 10_000;
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("of false keys nothing is kept, however many and long they are", async () => {
  await using server = await startServer({ builtIn: true });
  await makeKey(server);
  const ask = async (index: number) => {
    const authorization = `Bearer ck_${index}_${"x".repeat(KEY_CHARACTERS)}`;
    const answer = await send(server, "GET", "/conversations", undefined, { authorization });
    assert.equal(answer.status, 401);
  };
  for (let index = 0; index < 20; index++) await ask(index);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < FALSE_KEYS; index += 20)
    await Promise.all(Array.from({ length: 20 }, (_, step) => ask(1000 + index + step)));
  collectGarbage();
  const kept = process.memoryUsage().heapUsed - before;
  assert.ok(kept < MAX_KEPT_BYTES, `${kept} bytes of ${FALSE_KEYS * KEY_CHARACTERS}`);
});

test("a good key is looked up once in a while, and once for requests that arrive together", async () => {
  await using server = await startServer({ builtIn: true });
  const key = await makeKey(server);
  let lookups = 0;
  const store = new Proxy(server.store, {
    get(target, name) {
      if (name === "findKeyByHash") lookups++;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const credentials = keyCredentials(store, { ...systemClock, now: () => new Date(0) });
  await Promise.all([key, key, key].map((one) => credentials.verify(one)));
  assert.ok(await credentials.verify(key));
  assert.equal(lookups, 1);
  for (let times = 0; times < 3; times++) assert.equal(await credentials.verify("ck_false"), null);
  assert.equal(lookups, 4, "a false one is asked about each time");
});

test("more good sessions than are remembered push out the oldest ones alone, and false ones none", async () => {
  const issuer = "https://id.example";
  let lookups = 0;
  let ended: string[] = [];
  const store = {
    createBrowserSession: async () => {},
    endBrowserSessions: async () => 0,
    endedBrowserSessions: async () => ended,
    invitedUsers: async () => [],
    async findBrowserSession(hash: string) {
      lookups++;
      if (falseOnes.has(hash)) return null;
      const person = { tenantId: "t", userId: "u", issuer, subject: "s", providerSession: null };
      const times = { createdAt: new Date(0), expiresAt: new Date(1) };
      const rights = { invitationId: null, isOperator: false, models: null };
      return { id: hash, hash, ...person, ...rights, ...times };
    },
  };
  const falseOnes = new Set<string>();
  const credentials = sessionCredentials(store, { ...systemClock, now: () => new Date(0) }, issuer);
  const asksFor = async (name: string): Promise<number> => {
    const before = lookups;
    await credentials.verify(`cs_${name}`).catch(() => {});
    return lookups - before;
  };
  for (let index = 0; index < MOST_REMEMBERED; index++) await asksFor(`${index}`);
  for (let index = 0; index < 100; index++) {
    falseOnes.add(hashOfSession(`cs_false ${index}`));
    assert.equal(await asksFor(`false ${index}`), 1);
  }
  for (const known of ["0", "5000", "9999"]) assert.equal(await asksFor(known), 0, known);
  for (let index = 0; index < 10; index++) assert.equal(await asksFor(`another ${index}`), 1);
  for (const known of ["10", "5000", "9999", "another 0"]) assert.equal(await asksFor(known), 0);
  assert.equal(await asksFor("0"), 1);

  // Of sessions that were ended, those alone are looked up again.
  ended = [hashOfSession("cs_5000")];
  for (let look = 0; look < 2; look++) await credentials.endedSessions();
  assert.deepEqual([await asksFor("5000"), await asksFor("9999")], [1, 0]);
});
