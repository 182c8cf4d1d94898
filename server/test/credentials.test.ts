// What the server remembers of credentials.
// Runs: apart
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../src/adapters/clocks/system/clock.ts";
import { keyCredentials } from "../src/adapters/credentials/keys/credentials.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const FALSE_KEYS = 2000;
const KEY_CHARACTERS = 15_000;
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
