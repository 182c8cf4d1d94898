// What a model thinks on the way to its answer, through the client against the whole server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { collect, quickClient } from "./wire-objects.ts";

test("what the model thinks comes where it is asked for, also after the connection broke off", async () => {
  await using server = await startServer();
  await using network = await startCuttingProxy(server.url);
  const { conversations, messages } = quickClient(network);
  server.model.next({ text: "Because.", reasoning: "The moon pulls", hold: 0 });
  const reply = await conversations.start(
    { content: "Tides?" },
    { notices: true, reasoning: true },
  );
  const told: unknown[] = [];
  for await (const event of reply) {
    if (event.type !== "ai_reasoning") continue;
    told.push(event.data);
    if (told.length === 1) network.cut();
    else server.model.release();
  }
  const all = { text: "The moon pulls", offset: 0 };
  assert.deepEqual(told, [all, all]);
  const { content, reasoning } = await reply.message();
  assert.deepEqual([content, reasoning], ["Because.", "The moon pulls"]);

  server.model.next({ text: "Because.", reasoning: "The moon pulls" });
  const events = await collect(await messages.stream(reply.conversationId, { content: "Tides?" }));
  assert.ok(!events.some(({ type }) => type === "ai_reasoning"));
});
