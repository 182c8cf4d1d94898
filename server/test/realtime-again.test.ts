// The Realtime wire where a client is early, and where it asks again.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { PNG } from "./completions-client.ts";
import { openRealtime } from "./realtime-client.ts";
import { startServer } from "./start-server.ts";

const TEXT = { type: "session.update", session: { type: "realtime", output_modalities: ["text"] } };

/** A text as a client's frame, under a mask of zeros. */
const frameOf = (event: object): Buffer => {
  const payload = Buffer.from(JSON.stringify(event));
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x81fe, 0);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
};

test("[RT2] [RT8] events that come with the handshake itself are taken in their order, after session.created", async () => {
  await using server = await startServer({ backend: "sqlite", builtIn: true });
  const socket = connect(server.port, "127.0.0.1");
  const handshake = [
    "GET /v1/realtime?model=echo HTTP/1.1",
    `Host: 127.0.0.1:${server.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Authorization: Bearer any",
  ].join("\r\n");
  const content = [{ type: "input_text", text: "Early" }];
  const item = { type: "message", role: "user", content };
  const filler = "x".repeat(200);
  socket.write(
    Buffer.concat([
      Buffer.from(`${handshake}\r\n\r\n`),
      frameOf({ ...TEXT, filler }),
      frameOf({ type: "conversation.item.create", item, filler }),
      frameOf({ type: "response.create", filler }),
    ]),
  );
  let text = "";
  for await (const bytes of socket) {
    text += String(bytes);
    if (text.includes('"response.done"')) break;
  }
  const types = [...text.matchAll(/"type":"([a-z_]+\.[a-z_.]+)"/g)].map(([, type]) => type);
  assert.deepEqual([...new Set(types)].slice(0, 5), [
    "session.created",
    "session.updated",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
  ]);
  assert.ok(text.includes("Early"));
});

test("[RT9] a picture is kept once, however often its turn fails before it is stored", async () => {
  await using server = await startServer({
    backend: "sqlite",
    environment: { BUDGET_TOKENS_PER_USER_DAY: "200", BUDGET_ANSWER_TOKENS: "64" },
  });
  await using talk = await openRealtime(server, { query: "model=scripted" });
  talk.say(TEXT);
  const image = { type: "input_image", image_url: `data:image/png;base64,${PNG}` };
  talk.say({
    type: "conversation.item.create",
    item: { id: "item_picture", type: "message", role: "user", content: [image] },
  });
  for (let time = 0; time < 3; time++) {
    talk.say({ type: "response.create" });
    const { error } = await talk.next("error");
    assert.equal(error.type, "insufficient_quota", JSON.stringify(error));
  }
  let files = 0;
  for await (const { type } of server.store.exportRecords()) if (type === "file") files++;
  assert.equal(files, 1);
  talk.say({ type: "conversation.item.delete", item_id: "item_picture" });
  talk.type("Hello");
  talk.say({ type: "response.create" });
  assert.equal((await talk.next("response.done")).response.status, "completed");
});
