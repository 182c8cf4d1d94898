// When the engines of speech that come with the installation are started.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { skipWithoutPocketsphinx } from "./voice-debian.ts";
import { send } from "./wire-client.ts";

/** The recognisers that this process, which is also the server, has started. */
function recognisers(): string[] {
  const children = readdirSync("/proc/self/task").flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, "latin1").split(" ").filter(Boolean),
  );
  return children.filter((child) => commandOf(child).includes("pocketsphinx/child"));
}

function commandOf(process: string): string {
  try {
    return readFileSync(`/proc/${process}/cmdline`, "latin1");
  } catch {
    return "has ended meanwhile";
  }
}

test("the recogniser is started by the first conversation, not by the server; /health says from the start that speech is understood", {
  skip: process.platform === "linux" ? skipWithoutPocketsphinx() : "reads /proc",
}, async () => {
  await using server = await startServer();
  // Those of other tests in the same process.
  const others = new Set(recognisers());
  const started = () => recognisers().filter((child) => !others.has(child)).length;
  const health = () => send(server, "GET", "/health");
  assert.equal((await health()).body.services.audio_pipeline, true);
  assert.equal((await send(server, "POST", "/chat", { message: "Hi", user_id: "u" })).status, 200);
  assert.equal(started(), 0);
  await using voice = await openSocket(server, "/ws");
  assert.equal((await voice.next()).type, "connection_established");
  assert.equal(started(), 0);
  voice.say({ type: "start_conversation" });
  assert.equal((await voice.next()).type, "conversation_started");
  assert.ok(started() >= 1);
  assert.equal((await health()).body.services.audio_pipeline, true);
});
