// What a model thinks, watched through another replica than the one that asks it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";

test("[H8] thoughts come live from another replica than the generating one, before the first word of the answer", {
  timeout: 20_000,
}, async () => {
  await using server = await startServer({ backend: "replicas" });
  const [here = "", elsewhere = ""] = server.replicaUrls;
  const id = await caller(here).newConversation();
  server.model.next({ reasoning: "Whales, then.", text: "Whales sing.", hold: 0 });
  const leaving = new AbortController();
  const asked = await caller(here).open(`/conversations/${id}/messages/stream`, {
    body: { content: "Tell me", reasoning: true },
    signal: leaving.signal,
  });
  let replyId = "";
  for await (const event of eventsOf(asked)) {
    replyId = event.id.split(":")[0] ?? "";
    break;
  }
  const watched = await caller(elsewhere).open(
    `/conversations/${id}/messages/stream?after=${replyId}:0&reasoning=1`,
  );
  const told: string[] = [];
  let thought = "";
  for await (const event of eventsOf(watched)) {
    if (event.type !== told.at(-1)) told.push(event.type);
    if (event.type !== "ai_reasoning") continue;
    thought = thought.slice(0, event.data.offset) + event.data.text;
    if (thought === "Whales, then.") server.model.release();
  }
  assert.equal(thought, "Whales, then.");
  assert.deepEqual(told.slice(0, 2), ["ai_reasoning", "ai_chunk"]);
  leaving.abort();
});
