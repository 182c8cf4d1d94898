// Large bodies: what is made of them is the same as of small ones, and nobody else waits for it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { BACKEND, startServer } from "./start-server.ts";
import { ALICE, makeKey, send } from "./wire-client.ts";

const IMPORT = "/v1/chat/conversations/import";
const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());
const key = await makeKey(server);

test("[V2] a body that is parsed in pieces is what it would be as a whole, or is refused as a whole would be", async () => {
  const messages = Array.from({ length: 9000 }, (_, index) => ({
    role: index % 2 ? "assistant" : "user",
    content: `${index} "\\[{,:]} Zürich \u{1F44B}\n`.repeat(4),
    timestamp: 1_700_000_000_000 + index,
  }));
  const authorization = { authorization: `Bearer ${key}`, "x-user-id": ALICE };
  const whole = { padding: [[], {}, [[1]]], title: "Große", messages, isPinned: true };
  const json = JSON.stringify(whole, null, 1);
  const made = await send(server, "POST", "/api/conversations", `\uFEFF${json}`, authorization);
  assert.equal(made.status, 201, made.text.slice(0, 200));
  const { title, isPinned, messages: stored } = made.body.conversation;
  assert.deepEqual([title, isPinned, stored.length], ["Große", true, messages.length]);
  for (const [index, message] of messages.entries())
    assert.equal(stored[index].content, message.content);
  const last = json.lastIndexOf("]");
  for (const broken of [
    `${json}]`,
    `${json},{}`,
    json.slice(0, -1),
    `${json.slice(0, last)},${json.slice(last)}`,
    `${json.slice(0, last)}}${json.slice(last + 1)}`,
    `${json.slice(0, last + 1)} 1${json.slice(last + 1)}`,
    json.replace('"messages":', '"messages"'),
    json.replace('"messages":', '1 "messages":'),
    json.replace('"messages":', '"__proto__":'),
    json.replace('"isPinned": true', '"constructor":{"prototype":{}}'),
  ]) {
    const answer = await send(server, "POST", "/api/conversations", broken, authorization);
    assert.equal(answer.status, 400, answer.text.slice(0, 200));
    assert.match(answer.text, /not valid JSON/);
  }
});

test("[V2] while 20 MB of conversations are taken in, no turn of the event loop computes for long", {
  skip: BACKEND === "replicas" && "two servers share this loop",
}, async () => {
  const talk = "Words of a long talk. ".repeat(40);
  const conversations = Array.from({ length: 100 }, (_, chat) => ({
    id: `moved-${chat}`,
    messages: Array.from({ length: 220 }, (_, index) => ({
      role: index % 2 ? "assistant" : "user",
      content: `${talk}${chat} ${index}`,
      timestamp: 1_700_000_000_000 + index,
    })),
  }));
  const body = gzipSync(JSON.stringify({ conversations, user_id: ALICE }), { level: 1 });
  let mostMs = 0;
  let isMeasuring = true;
  let before = process.threadCpuUsage();
  const measure = (): void => {
    // What this thread computed: other programs of the machine do not count.
    const { user, system } = process.threadCpuUsage(before);
    mostMs = Math.max(mostMs, (user + system) / 1000);
    before = process.threadCpuUsage();
    if (isMeasuring) setImmediate(measure);
  };
  measure();
  const answer = await send(server, "POST", IMPORT, body, {
    authorization: `Bearer ${key}`,
    "content-encoding": "gzip",
  });
  isMeasuring = false;
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.body.data.imported, 100);
  assert.ok(mostMs < 90, `one turn computed for ${mostMs} ms`);
});
