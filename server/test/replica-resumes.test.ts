// Streams that break off again and again and go on at any replica, while the reply is generated and after.
// Runs: waiting
// Takes: 20 s
// Campaign: RESUMES middle=2000 in 60 s, full=20000 in 600 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { growParts, type Part, type ReplyEvent } from "../../client/src/index.ts";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { type Replicas, skipWithoutReplicas, startReplicas } from "./replicas.ts";

const skip = skipWithoutReplicas();
let replicas: Replicas;
before(async () => {
  if (!skip) replicas = await startReplicas();
});
after(() => replicas?.[Symbol.asyncDispose]());

const RESUMES = Number(process.env.RESUMES ?? 40);
const STREAMS = Math.min(20, RESUMES / 10);
const WORDS = RESUMES < 2000 ? 200 : 500;
const GAP_MS = 8;
const MAX_EVENTS = 4;

const textOf = (stream: number) =>
  Array.from({ length: WORDS }, (_, word) => `${stream}.${word} 👩‍👩‍👧 é𝄞`).join(" ");

/** A reader who loses the connection so many times, and goes on from the last event, or from one before. */
async function follow(url: string, stream: number, resumes: number) {
  const { open, call } = caller(url);
  const text = textOf(stream);
  const content = `${stream} {{reply text=${JSON.stringify(text)} gapMs=${GAP_MS}}}`;
  const created = await open("/conversations/stream", { body: { content } });
  let response = created;
  let conversation = "";
  let heard = "";
  let lastId = "";
  let live = 0;
  const seen: { readonly id: string; readonly position: number }[] = [];
  for (let count = 0; ; count++) {
    const leaving = new AbortController();
    if (count > 0) {
      const earlier = seen[Math.floor(Math.random() * seen.length)];
      if (count % 2 && earlier) {
        heard = heard.slice(0, earlier.position);
        lastId = earlier.id;
      }
      response = await open(`/conversations/${conversation}/messages/stream`, {
        headers: { "last-event-id": lastId },
        signal: leaving.signal,
      });
      assert.equal(response.status, 200);
    }
    let events = 0;
    const enough = 1 + Math.floor(Math.random() * MAX_EVENTS);
    let isOver = false;
    let isDone = false;
    for await (const event of eventsOf(response)) {
      lastId = event.id || lastId;
      if (event.type === "conversation_created") conversation = event.data.conversationId;
      if (event.type === "ai_chunk") {
        heard += event.data;
        seen.push({ id: event.id, position: heard.length });
      }
      if (event.type === "ai_complete") {
        assert.equal(event.data.content, heard, "as it is stored");
        isOver = true;
      }
      if (event.type === "DONE") {
        isDone = true;
        break;
      }
      if (++events >= enough && count < resumes && !isOver) break;
    }
    leaving.abort();
    assert.ok(text.startsWith(heard), "without a gap or a repeat");
    if (!isOver) live++;
    if (count >= resumes) {
      // One who had the ending before is only told that there is nothing more.
      assert.ok(isDone);
      break;
    }
  }
  const stored = (await call(`/conversations/${conversation}/messages`)).body.data[1];
  assert.deepEqual(Buffer.from(heard), Buffer.from(stored.content));
  assert.equal(stored.content, text);
  return live;
}

const TOOL = { type: "function", function: { name: "look" } };

/** The same of all parts of a reply: its thoughts among its words, and a call at its end. */
async function followParts(url: string, stream: number, resumes: number): Promise<void> {
  const { open, call } = caller(url);
  const text = JSON.stringify(textOf(stream));
  const content = `${stream} {{reply text=${text} gapMs=${GAP_MS} mixed}}`;
  const body = { content, parts: true, tools: [TOOL] };
  let response = await open("/conversations/stream", { body });
  let conversation = "";
  let parts: readonly Part[] = [];
  let lastId = "";
  const seen: { readonly id: string; readonly parts: readonly Part[] }[] = [];
  for (let count = 0; ; count++) {
    const leaving = new AbortController();
    if (count > 0) {
      const earlier = seen[Math.floor(Math.random() * seen.length)];
      if (count % 2 && earlier) ({ id: lastId, parts } = earlier);
      response = await open(`/conversations/${conversation}/messages/stream?parts=1`, {
        headers: { "last-event-id": lastId },
        signal: leaving.signal,
      });
      assert.equal(response.status, 200);
    }
    let events = 0;
    let isOver = false;
    const enough = 1 + Math.floor(Math.random() * MAX_EVENTS);
    for await (const event of eventsOf(response)) {
      lastId = event.id || lastId;
      if (event.type === "conversation_created") conversation = event.data.conversationId;
      parts = growParts(parts, event as unknown as ReplyEvent);
      seen.push({ id: lastId, parts });
      if (event.type === "ai_complete") {
        isOver = true;
        seen.pop();
        assert.deepEqual(event.data.parts, parts, "as it is stored");
      }
      if (event.type === "DONE") break;
      if (++events >= enough && count < resumes && !isOver) break;
    }
    leaving.abort();
    if (count >= resumes) break;
  }
  const stored = (await call(`/conversations/${conversation}/messages?parts=1`)).body.data[1];
  assert.deepEqual(parts, stored.parts);
  assert.ok(stored.parts.length > WORDS / 5 && stored.parts.at(-1).type === "tool_call");
}

test(`[H16] [R1] ${RESUMES} resumes of replies of many parts across replicas: the parts are the stored ones`, {
  skip,
  timeout: 10 * 60_000,
}, async () => {
  const each = Math.ceil(RESUMES / STREAMS);
  await Promise.all(
    Array.from({ length: STREAMS }, (_, stream) => followParts(replicas.url, stream, each)),
  );
});

test(`[H8] [R1] ${RESUMES} resumes across replicas: the joined text is the stored one, byte for byte`, {
  skip,
  timeout: 10 * 60_000,
}, async (context) => {
  const each = Math.ceil(RESUMES / STREAMS);
  const lives = await Promise.all(
    Array.from({ length: STREAMS }, (_, stream) => follow(replicas.url, stream, each)),
  );
  const live = lives.reduce((sum, count) => sum + count, 0);
  context.diagnostic(`${each * STREAMS} resumes, ${live} of them while the reply was generated`);
  // How many do depends on the machine; where it is busy the replies are over sooner.
  assert.ok(live > STREAMS, "too few found the reply running: no test of that");
});
