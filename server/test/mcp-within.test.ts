// A server whose own conversations are tools of its models.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { eventually, workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import { answering, asking } from "./tool-steps.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

const user = crypto.randomUUID();

test("[H94] a server that is its own source continues no conversation whose reply waits for that, and goes so deep", async () => {
  await using folder = await workFolder();
  await using proxy = await startTcpProxy(9);
  const self = {
    ...{ label: "self", url: `http://127.0.0.1:${proxy.port}/mcp`, asks: false, reads: ["*"] },
    headers: { "X-User-ID": user },
  };
  const file = join(folder.path, "sources.json");
  writeFileSync(file, JSON.stringify({ sources: [self] }));
  await using own = await startServer({
    environment: { TOOL_SOURCES: file },
    backend: "sqlite",
    reconnectPauseMs: 20,
  });
  proxy.leadTo(own.port);
  const mine = caller(own.url);
  const go = (given: object) => asking([{ name: "self__continue_conversation", given }]);
  const sent = async (conversation: string): Promise<Shown> => {
    const sending = { body: { content: "Go", parts: true }, user };
    const { body } = await mine.call(`/conversations/${conversation}/messages`, sending);
    return (body.data[1].parts ?? []).find(({ type }: Shown) => type === "tool_result");
  };
  // The source is there once its tools are offered.
  await eventually(async () => {
    await sent(await mine.newConversation({ user, body: {} }));
    return own.model.requests.at(-1)?.body?.tools !== undefined;
  });
  own.model.forget();
  const [one = "", two = ""] = await Promise.all(
    [0, 1].map(() => mine.newConversation({ user, body: {} })),
  );
  const message = "More";
  own.model.next(go({ conversation_id: one, message }), answering("Never mind"));
  const refused = await sent(one);
  assert.deepEqual(
    [refused.outcome, /from a reply in the same conversation/.test(refused.text)],
    ["failed", true],
  );
  // By way of another conversation: the call of the inner reply is refused, and both replies end.
  own.model.forget();
  own.model.next(
    ...[go({ conversation_id: two, message }), go({ conversation_id: one, message })],
    ...[answering("Inner"), answering("Outer")],
  );
  const through = JSON.parse((await sent(one)).text);
  assert.deepEqual([through.status, through.text], ["complete", "Inner"]);
  const inner: Shown = (await mine.call(`/conversations/${two}/messages?parts=1`, { user })).body
    .data;
  assert.match(JSON.stringify(inner), /from a reply in the same conversation/);
  // Each begins a conversation more, until the last is told that it may not.
  own.model.forget();
  own.model.next(
    ...Array.from({ length: 8 }, () => go({ message })),
    ...Array.from({ length: 8 }, () => answering("Up")),
  );
  assert.equal(JSON.parse((await sent(one)).text).status, "complete");
  const deepest = JSON.stringify(own.model.requests[8]?.body?.messages);
  assert.match(deepest, /8 replies wait for each other/);
});
