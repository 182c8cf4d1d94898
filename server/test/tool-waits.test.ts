// Replies that wait for a decision or for a result of their client: their server is killed, another one is told the decision, and a month goes by.
// Runs: waiting
// Takes: 8 s
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { caller } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createMigratedDatabase } from "./services.ts";
import { skipUnless } from "./skip.ts";
import { startCounter, startToolProcess } from "./tool-kills.ts";

const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
const withoutFaketime = skipUnless(
  library !== undefined,
  "faketime is not installed: apt-get install faketime",
);
/** How far the clock of this run is ahead already. */
const AHEAD_SECONDS = Number.parseInt(process.env.FAKETIME ?? "0", 10);
const MONTH_SECONDS = 30 * 24 * 3600;
const MAX_RESULT_MS = 2000;
const BACKENDS = [
  { name: "SQLite", isShared: false, skip: withoutFaketime },
  { name: "PostgreSQL", isShared: true, skip: withoutFaketime || skipWithoutPostgres() },
] as const;

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

for (const { name, isShared, skip } of BACKENDS)
  test(`[H50] [H52] [H89] a reply waits over a killed server and a month, and is decided about on another one, on ${name}`, {
    skip,
  }, async (t) => {
    await using counter = await startCounter();
    await using opened = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
    opened.defer(() => rm(directory, { recursive: true, force: true }));
    const environment = {
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      ...(isShared && { DATABASE_URL: opened.use(await createMigratedDatabase()).url }),
      RATE_LIMITS: "off",
      LOG_LEVEL: "error",
      TOOL_URL: counter.url,
    };
    const start = async (more: Readonly<Record<string, string>> = {}) => {
      const port = String(await freePort());
      const server = opened.use(await startToolProcess({ ...environment, ...more, PORT: port }));
      return { ...server, ...caller(`http://127.0.0.1:${port}`) };
    };
    const wait = async ({ call, newConversation }: ReturnType<typeof caller>) => {
      const id = await newConversation({ body: {} });
      const body = { content: "#call once_asked {}", steps: true };
      const sent = await call(`/conversations/${id}/messages`, { body });
      assert.equal(sent.body.data[1].status, "waiting");
      return { id, question: sent.body.data[1].questions[0] as Shown };
    };
    const waitForClient = async ({ call, newConversation }: ReturnType<typeof caller>) => {
      const id = await newConversation({ body: {} });
      const tools = [{ type: "function", function: { name: "mine" } }];
      const body = { content: '#call mine {"n": 1}', steps: true, tools };
      const sent = await call(`/conversations/${id}/messages`, { body });
      return { id, asked: sent.body.data[1].calls[0] as Shown };
    };
    const ended = async ({ call }: ReturnType<typeof caller>, id: string): Promise<Shown> => {
      for (;;) {
        const list = (await call(`/conversations/${id}/messages?parts=1`)).body.data;
        if (list.length === 2) return list[1];
        await sleep(5);
      }
    };
    const outcomeOf = ({ parts }: Shown): string =>
      parts.find(({ type }: Shown) => type === "tool_result").outcome;

    const first = await start();
    const [decided, forgotten] = [await wait(first), await wait(first)];
    const [answered, unanswered] = [await waitForClient(first), await waitForClient(first)];
    const other = isShared ? await start() : null;
    await first.kill();
    const second = other ?? (await start());
    const { data } = (await second.call("/questions")).body;
    assert.equal(data.length, 2, "they wait still");
    const { data: awaited } = (await second.call("/calls")).body;
    assert.deepEqual(awaited, [answered.asked, unanswered.asked]);
    const { message_id, call_id, arguments_sha256 } = decided.question;
    const from = performance.now();
    const path = `/messages/${message_id}/calls/${call_id}/decision`;
    const answer = await second.call(path, { body: { decision: "allow", arguments_sha256 } });
    assert.equal(answer.status, 200);
    const reply = await ended(second, decided.id);
    const tookMs = performance.now() - from;
    assert.deepEqual([reply.status, outcomeOf(reply)], ["complete", "ok"]);
    assert.ok(tookMs < MAX_RESULT_MS, `${Math.round(tookMs)} ms`);
    t.diagnostic(`the result came ${Math.round(tookMs)} ms after the decision`);

    const resultPath = `/messages/${answered.asked.message_id}/calls/${answered.asked.call_id}/result`;
    const given = () => second.call(resultPath, { body: { text: "from the client" } });
    assert.deepEqual([(await given()).status, (await given()).status], [200, 200]);
    const whole = await ended(second, answered.id);
    assert.deepEqual([whole.status, outcomeOf(whole)], ["complete", "ok"]);
    assert.ok(JSON.stringify(whole.parts).includes("from the client"));

    await second.kill();
    const later = await start({
      LD_PRELOAD: library ?? "",
      FAKETIME: `+${AHEAD_SECONDS + MONTH_SECONDS}`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    });
    const late = await ended(later, forgotten.id);
    assert.deepEqual([late.status, outcomeOf(late)], ["complete", "declined"]);
    const silent = await ended(later, unanswered.id);
    assert.deepEqual([silent.status, outcomeOf(silent)], ["complete", "unknown"]);
    const { call_id: lateCall, message_id: lateReply } = unanswered.asked;
    const tooLate = { body: { text: "x" } };
    const refused = await later.call(`/messages/${lateReply}/calls/${lateCall}/result`, tooLate);
    assert.equal(refused.status, 409);
    assert.match(refused.body.message ?? "", /The time for this result is over/u);
    const made = [...counter.counts.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(made, 1);
  });
