// A clock that jumps by a year either way: order, tokens, limits and keys stay sane.
// Runs: waiting
// Campaign: CLOCK_ROUNDS middle=10 in 20 s, full=100 in 200 s
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hashOfKey } from "../src/adapters/credentials/keys/credentials.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { freePort } from "./free-port.ts";
import { startIssuer } from "./issuer-server.ts";
import { startProcess } from "./server-process.ts";
import { skipUnless } from "./skip.ts";
import { send } from "./wire-client.ts";

const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
const skip = skipUnless(
  library !== undefined,
  "faketime is not installed: apt-get install faketime",
);
const YEAR_SECONDS = 31_536_000;
/** How far the clock of this run is ahead already (TEST_CLOCK). */
const AHEAD_SECONDS = Number.parseInt(process.env.FAKETIME ?? "0", 10);
const ROUNDS = Number(process.env.CLOCK_ROUNDS ?? 1);

test("after jumps of a year either way messages are in order, no expired token is let in, limits and keys work", {
  skip,
  timeout: 90_000 * ROUNDS,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-clock-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const issuer = opened.use(await startIssuer());
  const times = join(directory, "time");
  const jump = (seconds: number) => {
    const sum = AHEAD_SECONDS + seconds;
    return writeFile(times, `${sum < 0 ? "" : "+"}${sum}\n`);
  };
  await jump(0);
  const server = await startProcess({
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: join(directory, "data"),
    RATE_LIMITS: "chat=4/m",
    LOG_LEVEL: "error",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
    LD_PRELOAD: library ?? "",
    FAKETIME_TIMESTAMP_FILE: times,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
    ...issuer.environment,
  });
  opened.defer(() => server.kill());
  const secret = "ck_clock";
  {
    await using store = await openSqliteStore({
      directory: join(directory, "data"),
      exclusive: false,
    });
    await store.createKey({
      ...{ id: "key", prefix: "ck_c", hash: hashOfKey(secret), name: "", tenantId: "local" },
      ...{
        userId: "ann",
        actAs: true,
        isOperator: true,
        models: null,
        createdAt: new Date(),
        revokedAt: null,
      },
    });
  }
  const ann = { authorization: `Bearer ${secret}` };
  const path = "/v1/chat/conversations";
  const made = await send(server, "POST", path, {}, ann);
  assert.equal(made.status, 201);
  const messages = `${path}/${made.body.data.id}/messages`;
  const yearOf = async () =>
    new Date((await send(server, "GET", "/health")).body.timestamp).getUTCFullYear();
  const thisYear = await yearOf();
  const now = Math.floor(Date.now() / 1000);
  const good = await issuer.token("carol");
  const expired = await issuer.token("carol", { claims: { iat: now - 3600, exp: now - 60 } });
  const statusOf = async (token: string) =>
    (await send(server, "GET", path, undefined, { authorization: `Bearer ${token}` })).status;
  assert.deepEqual([await statusOf(good), await statusOf(expired)], [200, 401]);

  const said: string[] = [];
  const jumps = [
    [0, thisYear, 200],
    [YEAR_SECONDS, thisYear + 1, 401],
    [0, thisYear, 200],
    [-YEAR_SECONDS, thisYear - 1, 401],
    [0, thisYear, 200],
  ] as const;
  for (const [seconds, year, tokenStatus] of Array.from({ length: ROUNDS }, () => jumps).flat()) {
    await jump(seconds);
    assert.equal(await yearOf(), year, "the clock has jumped");
    const content = `Message ${said.length}`;
    said.push(content);
    const answer = await send(server, "POST", messages, { content }, ann);
    assert.equal(answer.status, 201, answer.text);
    assert.equal(await statusOf(good), tokenStatus, `${seconds}: a token of now`);
    assert.equal(await statusOf(expired), 401, `${seconds}: an expired token`);
    assert.equal(await statusOf("ck_unknown"), 401);
    const user = { ...ann, "x-user-id": `user ${seconds} ${said.length}` };
    const limited = await Promise.all(
      Array.from({ length: 6 }, () => send(server, "GET", "/conversations", undefined, user)),
    );
    const statuses = limited.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429], `${seconds} s`);
    for (const { headers } of limited) assert.ok(Number(headers.get("retry-after") ?? 1) <= 60);
  }
  const stored = await send(server, "GET", messages, undefined, ann);
  const texts = stored.body.data
    .filter(({ role }: { role: string }) => role === "user")
    .map(({ content }: { content: string }) => content);
  assert.deepEqual(texts, said, "in the order in which they were said");
});
