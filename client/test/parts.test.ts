// The parts of replies through the client: put together from events, taken up again, and as a server's own definition has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { partBody } from "../../server/src/dialects/chat-v1/part-schemas.ts";
import {
  after,
  cutAt,
  lengthOfAll,
  type Part as ServerPart,
} from "../../server/src/domain/parts.ts";
import { startServer } from "../../server/test/start-server.ts";
import { growParts, type Part } from "../src/index.ts";
import { growthAfter } from "../src/parts.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { quickClient } from "./wire-objects.ts";

const CALL = {
  type: "tool_call",
  source: "client",
  name: "look",
  arguments: '{"at":"😀"}',
} as const;
const ALL: readonly ServerPart[] = [
  { type: "reasoning", text: "Hm" },
  { type: "text", text: "Look: " },
  { ...CALL, callId: "a" },
  { type: "tool_result", callId: "a", outcome: "ok", text: "Seen" },
  { type: "file", file: { id: "f", name: "n", mediaType: "a/b", bytes: 1 } },
  { type: "citation", title: "T", url: "u", fileId: null, quote: "", from: 0, to: 1 },
  { type: "reasoning", text: "So" },
  { type: "refusal", text: "No" },
  { type: "text", text: "Sorry" },
];
const shown = (parts: readonly ServerPart[]) => parts.map(partBody) as unknown as readonly Part[];

test("after every position the client's definition of what came after is the server's", () => {
  const whole = shown(ALL);
  for (let position = 0; position <= lengthOfAll(ALL); position++) {
    const events = growthAfter(whole, position);
    assert.equal(events.length, after(ALL, position).length);
    assert.deepEqual(events.reduce(growParts, shown(cutAt(ALL, position))), whole, `${position}`);
  }
});

test("the parts of a reply come once each, over as many connections as it takes", async () => {
  await using server = await startServer();
  await using network = await startCuttingProxy(server.url);
  const { conversations, messages } = quickClient(network);
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const call = (given: object, id?: string) =>
    chunk({ tool_calls: [{ index: 0, id, function: given }] });
  server.model.next({
    raw: [
      chunk({ reasoning: "Let me think." }),
      chunk({ content: "I " }),
      chunk({ content: "look." }),
      call({ name: "look", arguments: '{"at"' }, "a"),
      call({ arguments: ":1}" }),
      chunk({}, "tool_calls"),
      "data: [DONE]\n\n",
    ],
    contentType: "text/event-stream",
    gapMs: 1,
  });
  const tools = [{ type: "function", function: { name: "look" } }] as const;
  const reply = await conversations.start(
    { content: "Look", tools, max_tokens: 99 },
    { notices: true, parts: true },
  );
  let parts: readonly Part[] = [];
  let cuts = 0;
  for await (const event of reply) {
    parts = growParts(parts, event);
    if (event.type === "ai_chunk" && cuts++ === 0) network.cut();
  }
  const expected = [
    { type: "reasoning", text: "Let me think." },
    { type: "text", text: "I look." },
    { ...CALL, call_id: "a", arguments: '{"at":1}' },
  ];
  const message = await reply.message();
  assert.deepEqual(message.parts, expected);
  assert.deepEqual(parts, expected);
  assert.equal(message.finish_reason, "tool_calls");
  assert.deepEqual((await messages.get(message.id, { parts: true })).parts, expected);
  const [question] = await messages.list(reply.conversationId, {}, { parts: true });
  assert.deepEqual(question?.parts, [{ type: "text", text: "Look" }]);
  assert.equal((await messages.get(message.id)).parts, undefined);
  const sent = await messages.send(reply.conversationId, { content: "And?" }, { parts: true });
  assert.equal(sent.reply.parts?.[0]?.type, "text");
});
