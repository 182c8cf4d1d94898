// Servers that are killed during turns with one to four calls at once, half of which are asked about, and some of which the
// client runs. At full size there are 500 kills on each store: npm run test:campaigns -- --size=full tool-kills
// Runs: waiting
// Takes: 15 s
// Campaign: TOOL_KILLS middle=10 in 90 s, full=500 in 2400 s
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { caller } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createMigratedDatabase } from "./services.ts";
import { startCounter, startToolProcess } from "./tool-kills.ts";

const KILLS = Number(process.env.TOOL_KILLS ?? 1);
const REPLIES_A_KILL = 6;
const OF_CLIENT = "mine";
const TOOLS = ["once", "repeatable", "once_asked", "repeatable_asked", OF_CLIENT];
const BACKENDS = [
  { name: "SQLite", isShared: false, skip: false },
  { name: "PostgreSQL", isShared: true, skip: skipWithoutPostgres() },
] as const;

const CLIENT_TOOLS = [{ type: "function", function: { name: OF_CLIENT } }];

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

for (const { name, isShared, skip } of BACKENDS)
  test(`[H28] [H51] kills during turns with questions, on ${name}: nothing that must not be is made twice, and no decision is lost`, {
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
    const conversations: string[] = [];
    /** What was answered, by the key of the call. */
    const decisions = new Map<string, string>();
    /** The results that the client gave and that were taken, by the key of the call. */
    const given = new Map<string, string>();
    /** All that it gave: a result may be stored by a server that was killed before it could say so. */
    const sent = new Map<string, string[]>();
    /** Of calls that were decided twice. */
    const twice: string[] = [];
    let url = "";
    const start = async () => {
      const port = String(await freePort());
      const process = await startToolProcess({ ...environment, PORT: port });
      url = `http://127.0.0.1:${port}`;
      return process;
    };
    const begin = async () => {
      const { open, newConversation } = caller(url);
      const conversation = await newConversation({ body: {} });
      conversations.push(conversation);
      const calls = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => {
        const tool = TOOLS[Math.floor(Math.random() * TOOLS.length)];
        return `#call ${tool} {}`;
      });
      const response = await open(`/conversations/${conversation}/messages/stream`, {
        body: { content: calls.join("\n"), steps: true, tools: CLIENT_TOOLS },
      });
      await response.text();
    };
    const decideAll = async () => {
      const { call } = caller(url);
      const { data, meta } = (await call("/questions?limit=100")).body as Shown;
      await Promise.all(
        data.map(async ({ message_id, call_id, arguments_sha256 }: Shown) => {
          const ways = Math.random() < 0.5 ? ["allow", "decline"] : ["decline", "allow"];
          const answers = await Promise.allSettled(
            ways.map((decision) =>
              call(`/messages/${message_id}/calls/${call_id}/decision`, {
                body: { decision, arguments_sha256 },
              }),
            ),
          );
          for (const [place, answer] of answers.entries())
            if (answer.status === "fulfilled" && answer.value.status === 200) {
              const key = `${message_id}/${call_id}`;
              if (decisions.has(key)) twice.push(key);
              decisions.set(key, ways[place] ?? "");
            }
        }),
      );
      return meta.total as number;
    };
    /** Two clients give each call that waits a result of their own. */
    const giveAll = async () => {
      const { call } = caller(url);
      const { data } = (await call("/calls?limit=100")).body as Shown;
      await Promise.all(
        data.map(async ({ message_id, call_id }: Shown) => {
          const texts = [0, 1].map(() => `result ${Math.random()}`);
          const key = `${message_id}/${call_id}`;
          sent.set(key, [...(sent.get(key) ?? []), ...texts]);
          const answers = await Promise.allSettled(
            texts.map((text) =>
              call(`/messages/${message_id}/calls/${call_id}/result`, { body: { text } }),
            ),
          );
          for (const [place, answer] of answers.entries())
            if (answer.status === "fulfilled" && answer.value.status === 200) {
              if (given.has(key)) twice.push(key);
              given.set(key, texts[place] ?? "");
            }
        }),
      );
    };
    const answerAll = () => Promise.all([decideAll(), giveAll()]);

    for (let kill = 0; kill < KILLS; kill++) {
      const server = await start();
      const begun = Array.from({ length: REPLIES_A_KILL }, () => begin().catch(() => {}));
      const isOver = new AbortController();
      const deciding = (async () => {
        while (!isOver.signal.aborted) await answerAll().catch(() => sleep(5));
      })();
      // A different moment each time: after so many calls, or once each reply has ended or waits.
      const before = [...counter.counts.values()].reduce((sum, count) => sum + count, 0);
      const some = counter.called(before + 1 + Math.floor(Math.random() * REPLIES_A_KILL));
      await Promise.race([some, Promise.all(begun)]);
      await sleep(Math.random() * 30);
      await server.kill();
      isOver.abort();
      await Promise.all([...begun, deciding]);
    }
    await using _ = await start();
    const { call } = caller(url);
    const replies: Shown[] = [];
    for (const conversation of conversations)
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 1000, "a reply does not end");
        await answerAll();
        const list = (await call(`/conversations/${conversation}/messages?parts=1`)).body.data;
        if (list.length !== 1) {
          replies.push(...list.slice(1));
          break;
        }
        await sleep(50);
      }
    const outcomesByKey = new Map<string, string>();
    const textsByKey = new Map<string, string>();
    for (const { id, status, parts } of replies) {
      const results = parts.filter(({ type }: Shown) => type === "tool_result");
      const calls = parts.filter(({ type }: Shown) => type === "tool_call");
      assert.equal(results.length, calls.length, "each call has one result");
      for (const { call_id, name: tool } of calls) {
        const key = `${id}/${call_id}`;
        const { outcome, text } = results.find((result: Shown) => result.call_id === call_id);
        outcomesByKey.set(key, outcome);
        textsByKey.set(key, text);
        const count = counter.counts.get(`${tool} ${key}`) ?? 0;
        if (tool.startsWith("once")) assert.ok(count <= 1, `${tool} was made ${count} times`);
        const isOfClient = tool === OF_CLIENT;
        if (outcome === "ok")
          assert.ok(isOfClient ? sent.get(key)?.includes(text) : count > 0, "it was made");
        if (outcome === "declined") assert.equal(count, 0, "what was not made was made");
        if (tool.endsWith("asked") && count > 0) assert.notEqual(decisions.get(key), "decline");
        assert.ok(status === "interrupted" || outcome === "ok" || outcome === "declined", outcome);
      }
    }
    assert.deepEqual(twice, []);
    for (const [key, decision] of decisions) {
      const outcome = outcomesByKey.get(key);
      const reply = replies.find(({ id }) => key.startsWith(id));
      const kept = decision === "allow" ? "ok" : "declined";
      assert.ok(
        outcome === kept || reply?.status === "interrupted",
        `${key}: ${decision}, ${outcome}`,
      );
    }
    for (const [key, text] of given) {
      const reply = replies.find(({ id }) => key.startsWith(id));
      assert.ok(textsByKey.get(key) === text || reply?.status === "interrupted", `${key}: ${text}`);
    }
    const kept = replies.filter(({ status }) => status === "complete").length;
    t.diagnostic(
      `${KILLS} kills, ${replies.length} replies, ${kept} whole, ${decisions.size} decisions, ${given.size} results of clients`,
    );
  });
