// Large bodies: what is made of them is the same as of small ones, and nobody else waits for it.
// Backends: postgres
// Runs: apart
// Takes: 20 s
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { longestTurnOf } from "./event-loop.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { ALICE, makeKey, send } from "./wire-client.ts";

const IMPORT = "/v1/chat/conversations/import";
const MAX_TURN_MS = 50;
const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());
const key = await makeKey(server);

test("[V2] a body that is parsed in pieces is what it would be as a whole, or is refused as a whole would be", {
  skip: BACKEND !== "sqlite" && "the store makes no difference",
}, async () => {
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

const TALK = "Words of a long talk. ".repeat(36);
const saidOf = (chat: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 ? "assistant" : "user",
    content: `${TALK}${chat} ${index}`,
    timestamp: 1_700_000_000_000 + index,
  }));

function mappingOf(count: number) {
  const nodes = Array.from({ length: count }, (_, index) => {
    const id = crypto.randomUUID();
    const author = { role: index % 2 ? "assistant" : "user" };
    const content = { content_type: "text", parts: [`${TALK}${index}`] };
    return { id, message: { id, author, create_time: 1_700_000_000 + index, content } };
  });
  return Object.fromEntries(
    nodes.map((node, index) => [node.id, { ...node, parent: nodes[index - 1]?.id ?? null }]),
  );
}

/** Sends it and reads the answer without keeping it. @returns its status and its first bytes */
async function sendLarge(method: string, path: string, body: Buffer | null) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body && { "content-type": "application/json", "content-encoding": "gzip" }),
    },
    body: body && new Uint8Array(body),
  });
  let beginning = "";
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (!beginning) beginning = Buffer.from(piece).toString().slice(0, 500);
  }
  return { status: response.status, beginning, bytes };
}

const zipped = (value: unknown) => gzipSync(JSON.stringify(value), { level: 1 });
/** 10 MB. */
const LONG_LIST = 12_000;
let longList = "";

/** Those of the store are sent to a server on PostgreSQL, too, whose statements run on the event loop. */
const LARGE: readonly {
  what: string;
  isOfStore?: true;
  request: () => [string, string, Buffer | null];
}[] = [
  {
    what: "an import of 100 conversations, 10 MB",
    request: () => {
      const conversations = Array.from({ length: 100 }, (_, chat) => ({
        id: `moved-${chat}`,
        messages: saidOf(chat, 120),
      }));
      return ["POST", IMPORT, zipped({ conversations, user_id: ALICE })];
    },
  },
  {
    what: "an import of one conversation, 10 MB",
    request: () => {
      const conversations = [{ id: "huge", messages: saidOf(0, LONG_LIST) }];
      return ["POST", IMPORT, zipped({ conversations, user_id: ALICE })];
    },
  },
  {
    what: "the same import once more",
    request: () => {
      const conversations = [{ id: "huge", messages: saidOf(0, LONG_LIST) }];
      return ["POST", IMPORT, zipped({ conversations, user_id: ALICE })];
    },
  },
  {
    what: "an import of one of ChatGPT's, 10 MB",
    request: () => {
      const chat = { conversation_id: crypto.randomUUID(), mapping: mappingOf(LONG_LIST) };
      return ["POST", IMPORT, zipped({ conversations: [chat], user_id: ALICE })];
    },
  },
  {
    what: "a completion with 10,000 messages and a picture of 20 MB",
    request: () => {
      const url = `data:image/png;base64,${"QUJD".repeat(5_000_000)}`;
      const content = [{ type: "image_url", image_url: { url } }];
      const messages = [...saidOf(0, 10_000), { role: "user", content }];
      return ["POST", "/v1/chat/completions", zipped({ model: "any", messages })];
    },
  },
  {
    what: "a long list that wire 002 stores",
    isOfStore: true,
    request: () => {
      const messages = saidOf(1, LONG_LIST);
      return ["POST", "/api/conversations", zipped({ userId: ALICE, messages })];
    },
  },
  {
    what: "a long list that takes the place of another",
    isOfStore: true,
    request: () => {
      const messages = saidOf(2, LONG_LIST).map(({ role, content }) => ({ role, content }));
      const body = zipped({ userId: ALICE, conversationId: longList, messages });
      return ["PUT", "/api/conversations", body];
    },
  },
  {
    what: "a long list that is read",
    request: () => ["GET", `/api/conversations/${longList}?userId=${ALICE}`, null],
  },
  {
    what: "all of a user's conversations that are read",
    request: () => ["GET", `/conversations?user_id=${ALICE}`, null],
  },
];

test("[V2] large bodies and large answers of one user hold up nobody: no turn of the event loop computes for long", {
  skip: BACKEND === "replicas" && "the figures are those of one server on this loop",
}, async (context) => {
  const nothing = zipped({ conversations: [], user_id: ALICE });
  const control = await longestTurnOf(async () => void (await sendLarge("POST", IMPORT, nothing)));
  context.diagnostic(`an import of nothing: ${control.toFixed(0)} ms`);
  const wrong: string[] = [];
  for (const { what, isOfStore, request } of LARGE) {
    if (BACKEND !== "sqlite" && !isOfStore) continue;
    const [method, path, body] = request();
    let answer: Awaited<ReturnType<typeof sendLarge>> | null = null;
    const mostMs = await longestTurnOf(async () => {
      answer = await sendLarge(method, path, body);
    });
    const { status, beginning, bytes } = answer ?? { status: 0, beginning: "", bytes: 0 };
    assert.ok(status === 200 || status === 201, `${what}: ${status} ${beginning}`);
    longList ||= /"conversation":\{"id":"([^"]+)"/.exec(beginning)?.[1] ?? "";
    context.diagnostic(`${what}: ${mostMs.toFixed(0)} ms, ${bytes} bytes back`);
    if (mostMs > MAX_TURN_MS) wrong.push(`${what}: one turn computed for ${mostMs} ms`);
  }
  assert.deepEqual(wrong, []);
});
