// Event streams as they are on the wire: one chunk a frame, for a client of HTTP/1.1, one that asks twice at once, and one of HTTP/1.0.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { exchange } from "./raw-socket.ts";
import { startServer } from "./start-server.ts";
import { makeKey } from "./wire-client.ts";

const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());
const serverKey = await makeKey(server);

type Asked = { readonly url: string; readonly key: string; readonly parts?: true };

async function request(
  version: string,
  last: boolean,
  { url, key, ...more }: Asked = { url: server.url, key: serverKey },
): Promise<string> {
  const { newConversation } = caller(url, key);
  const path = `/v1/chat/conversations/${await newConversation()}/messages/stream`;
  const content = "Zoë says 日本語 and 😀, one two three four";
  const body = Buffer.from(JSON.stringify({ content, ...more }));
  const close = last ? "Connection: close\r\n" : "";
  return `POST ${path} HTTP/${version}\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${close}\r\n${body.toString("latin1")}`;
}

/** The texts of the chunks of a body, and what comes after it. @throws where the body is none of RFC 9112, section 7.1 */
function chunksOf(body: string): { readonly chunks: readonly string[]; readonly rest: string } {
  const chunks: string[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    assert.ok(size >= 0, `no size of a chunk at ${at} of ${body}`);
    const end = lineEnd + 2 + size;
    assert.equal(body.slice(end, end + 2), "\r\n");
    if (size === 0) return { chunks, rest: body.slice(end + 2) };
    chunks.push(Buffer.from(body.slice(lineEnd + 2, end), "latin1").toString("utf8"));
    at = end + 2;
  }
}

/** The words of the reply in those frames; the stream is whole. */
function wordsOf(frames: string): string {
  assert.match(frames, /data: \[DONE\]\n\n$/);
  assert.doesNotMatch(frames, /\r/, "more than frames");
  const data = [...frames.matchAll(/^data: (\{.*\})$/gmu)].map(([, json = ""]) => JSON.parse(json));
  const pieces = data.filter(({ type }) => type === "ai_chunk").map((event) => event.data);
  assert.ok(pieces.length > 1, "the reply came in one piece");
  assert.equal(pieces.join(""), data.find(({ type }) => type === "ai_complete").data.content);
  return pieces.join("");
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);

test("every frame is in a chunk of its own bytes, also of a request that waited for the one before it", async () => {
  const both = (await request("1.1", false)) + (await request("1.1", true));
  const first = chunksOf(bodyOf(await exchange(server.port, both)));
  const second = chunksOf(bodyOf(first.rest));
  for (const { chunks } of [first, second]) {
    assert.match(wordsOf(chunks.join("")), /Zoë says 日本語 and 😀/);
    for (const chunk of chunks) assert.match(chunk, /\n\n$/, "a frame in two chunks");
  }
  assert.equal(second.rest, "");
});

test("a client of HTTP/1.0 gets the frames alone", async () => {
  const answer = await exchange(server.port, await request("1.0", true));
  assert.doesNotMatch(answer, /transfer-encoding/i);
  assert.match(wordsOf(Buffer.from(bodyOf(answer), "latin1").toString("utf8")), /日本語/);
});

test("what one read of the model's connection brought is one write to the client", async () => {
  await using asking = await startServer();
  const key = await makeKey(asking);
  const asked = await request("1.1", true, { url: asking.url, key, parts: true });
  const event = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const said = [{ reasoning_content: "Hm. " }, { content: "Yes" }, { content: "." }].map((delta) =>
    event(delta),
  );
  asking.model.next({ raw: [said.join(""), `${event({}, "stop")}data: [DONE]\n\n`] });
  const { chunks } = chunksOf(bodyOf(await exchange(asking.port, asked)));
  const chunk = chunks.find((one) => one.includes("Hm. ")) ?? "";
  assert.match(chunk, /"of":"reasoning"[\s\S]*"type":"ai_chunk","data":"Yes\."/);
});
