// Files by the SDK, against a real server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { png, webp } from "../../server/test/file-samples.ts";
import { startServer } from "../../server/test/start-server.ts";
import { ColloquyError, createClient, type UploadProgress } from "../src/index.ts";

test("a file is uploaded, sent with a message, given back, and deleted", async () => {
  await using server = await startServer({ builtIn: true });
  const client = createClient({ baseUrl: server.url, token: "anything" });
  const progress: UploadProgress[] = [];
  const content = png(6, 4);
  const file = await client.files.upload(new File([content], "größe.png", { type: "image/png" }), {
    onProgress: (step) => progress.push(step),
  });
  assert.deepEqual([file.name, file.media_type, file.width], ["größe.png", "image/png", 6]);
  assert.deepEqual(progress.at(-1), { sent: content.length, total: content.length });
  const plain = await client.files.upload(new Blob([webp]));
  assert.deepEqual([plain.name, plain.media_type], ["file", "image/webp"]);
  const reply = await client.conversations.start({ content: "Look", attachments: [file.id] });
  assert.equal(reply.userMessage?.attachments?.[0]?.name, "größe.png");
  assert.match(await reply.text(), /images: 1/);
  const back = await client.files.content(file.id);
  assert.deepEqual(Buffer.from(await back.arrayBuffer()), content);
  assert.equal(client.files.url(file.id), `${server.url}/v1/chat/files/${file.id}/content`);
  assert.deepEqual(await client.files.get(file.id), file);
  await client.files.delete(file.id);
  await assert.rejects(client.files.get(file.id), { code: "NOT_FOUND" });
  const refused = client.files.upload(new Blob(["text"], { type: "image/png" }));
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof ColloquyError);
    return error.status === 422 && /said to be an image/.test(error.message);
  });
});

test("the same key makes one file, also when it is sent twice", async () => {
  await using server = await startServer({ builtIn: true });
  const client = createClient({ baseUrl: server.url, token: "anything" });
  const send = () =>
    client.files.upload(new Blob(["once"]), { idempotencyKey: "one", name: "a.txt" });
  assert.equal((await send()).id, (await send()).id);
});
