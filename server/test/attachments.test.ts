// Messages with files: what is stored, what is shown, and what a model is told of them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { pdf, png, upload } from "./file-samples.ts";
import { startServer } from "./start-server.ts";
import { aFile } from "./store-contract/files.ts";
import { makeKey } from "./wire-client.ts";

type Told = { readonly role: string; readonly content: unknown };

describe("messages with files", () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let key: string;
  before(async () => {
    server = await startServer({ environment: { MODEL_CONTEXT_TOKENS: "4000" } });
    key = await makeKey(server, { actAs: true });
  });
  after(() => server[Symbol.asyncDispose]());

  const someone = () => {
    const user = randomUUID();
    const { open, call } = caller(server.url, key);
    const file = async (content: Uint8Array | string, name: string): Promise<string> => {
      const { status, body } = await upload(server.url, content, { user, key, name });
      assert.equal(status, 201, JSON.stringify(body));
      return body.data.id;
    };
    return {
      user,
      file,
      open: (path: string, options = {}) => open(path, { user, ...options }),
      call: (path: string, options = {}) => call(path, { user, ...options }),
      newConversation: async (): Promise<string> =>
        (await call("/conversations", { user, body: {} })).body.data.id,
    };
  };
  /** What the model was told last. */
  const told = (): readonly Told[] =>
    (server.model.requests.at(-1)?.body?.messages ?? []) as readonly Told[];

  test("[H14] a message tells of the files that it was sent with, at once, in the stream and whenever it is read", async () => {
    const alice = someone();
    const id = await alice.newConversation();
    const image = await alice.file(png(4, 3), "a.png");
    const text = await alice.file("one, two", "b.csv");
    const body = { content: "Look", attachments: [image, text] };
    const sent = await alice.call(`/conversations/${id}/messages`, { body });
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    const [question, answer] = sent.body.data;
    assert.deepEqual(question.attachments, [
      {
        id: image,
        name: "a.png",
        media_type: "image/png",
        bytes: png(4, 3).length,
        width: 4,
        height: 3,
        read_as: "image",
        is_deleted: false,
      },
      {
        id: text,
        name: "b.csv",
        media_type: "text/csv",
        bytes: 8,
        width: null,
        height: null,
        read_as: "text",
        is_deleted: false,
      },
    ]);
    assert.ok(!("attachments" in answer));
    assert.deepEqual((await alice.call(`/messages/${question.id}`)).body.data, question);
    const listed = (await alice.call(`/conversations/${id}/messages`)).body.data;
    assert.deepEqual(listed, [question, answer]);

    const streamed = await allEvents(
      await alice.open(`/conversations/${id}/messages/stream`, {
        body: { content: "And", attachments: [image] },
      }),
    );
    assert.deepEqual(streamed[0]?.data.attachments, [question.attachments[0]]);
    const begun = await allEvents(
      await alice.open("/conversations/stream", { body: { content: "New", attachments: [text] } }),
    );
    assert.deepEqual(begun[0]?.data.userMessage.attachments, [question.attachments[1]]);

    await alice.call(`/files/${image}`, { method: "DELETE" });
    const { attachments } = (await alice.call(`/messages/${question.id}`)).body.data;
    assert.deepEqual(
      attachments.map((one: { is_deleted: boolean }) => one.is_deleted),
      [true, false],
    );
    await alice.call(`/conversations/${id}`, { method: "DELETE" });
    assert.equal((await alice.call(`/files/${text}`)).status, 200, "another conversation has it");
    await alice.call(`/conversations/${begun[0]?.data.conversationId}`, { method: "DELETE" });
    assert.equal((await alice.call(`/files/${text}`)).status, 404);
  });

  test("[H14] a file that is not there, is somebody else's, is being checked or was refused, and too many: nothing is stored, nobody is asked", async () => {
    const [alice, bob] = [someone(), someone()];
    const id = await alice.newConversation();
    const own = await alice.file("text", "own.txt");
    const his = await bob.file("his", "his.txt");
    const owner = { tenantId: "local", userId: alice.user };
    const checking = await server.store.createFile(
      owner,
      aFile({ state: "checking", name: "c" }),
      null,
    );
    const refused = await server.store.createFile(
      owner,
      aFile({ state: "refused", name: "r" }),
      null,
    );
    const requests = server.model.requests.length;
    const many = Array.from({ length: 11 }, () => randomUUID());
    const cases: [number, string, RegExp, unknown, object?][] = [
      [404, "NOT_FOUND", /^File not found$/, [own, his]],
      [404, "NOT_FOUND", /^File not found$/, [randomUUID()]],
      [409, "CONFLICT", /^c is still being checked/, [checking.id]],
      [422, "UNPROCESSABLE", /^r was refused/, [refused.id]],
      [400, "VALIDATION_ERROR", /at most 10 files/, many],
      [400, "VALIDATION_ERROR", /name a file twice/, [own, own]],
      [400, "VALIDATION_ERROR", /attachments/, own],
      [400, "VALIDATION_ERROR", /attachments/, [5]],
      [400, "VALIDATION_ERROR", /Only a message of role user/, [own], { role: "assistant" }],
    ];
    for (const [status, code, says, attachments, more = {}] of cases)
      for (const path of [
        `/conversations/${id}/messages`,
        `/conversations/${id}/messages/stream`,
      ]) {
        const answer = await alice.call(path, { body: { content: "Look", attachments, ...more } });
        assert.equal(answer.status, status, `${says} ${JSON.stringify(answer.body)}`);
        assert.equal(answer.body.error?.code, code);
        if (!path.endsWith("stream")) assert.match(answer.body.message ?? "", says);
      }
    assert.deepEqual((await alice.call(`/conversations/${id}/messages`)).body.data, []);
    assert.equal(server.model.requests.length, requests);
    const checked = await alice.call(`/files/${checking.id}/content`);
    assert.equal(checked.status, 409);
  });

  test("[H15] a model sees images as data addresses, texts in a fence with their name, and of anything else the name", async () => {
    const alice = someone();
    const id = await alice.newConversation();
    // Not a multiple of three bytes, and larger than the pieces in which it is read.
    const image = Buffer.concat([png(40, 30), Buffer.alloc(200_001, 7)]);
    const attachments = [
      await alice.file(image, "holiday.png"),
      await alice.file("# Title\n```js\n1\n```", "notes.md"),
      await alice.file(pdf, "paper.pdf"),
    ];
    await alice.call(`/conversations/${id}/messages`, { body: { content: "Look", attachments } });
    const [message] = told();
    assert.deepEqual(message?.content, [
      {
        type: "text",
        text: `Look\n\nFile "notes.md":\n\`\`\`\`\n# Title\n\`\`\`js\n1\n\`\`\`\n\`\`\`\`\n\n[The user attached the file "paper.pdf" (application/pdf, ${pdf.length} bytes). Its content cannot be given to you: say so where it matters.]`,
      },
      {
        type: "image_url",
        image_url: { url: `data:image/png;base64,${image.toString("base64")}` },
      },
    ]);
    const { headers } = server.model.requests.at(-1) ?? {};
    assert.equal(headers?.["transfer-encoding"], undefined, "providers are told the length");

    await alice.call(`/conversations/${id}/messages`, { body: { content: "And now?" } });
    assert.deepEqual(told()[0], message, "files are remembered like words");
    assert.deepEqual(told().at(-1), { role: "user", content: "And now?" });

    await alice.call(`/files/${attachments[0]}`, { method: "DELETE" });
    await alice.call(`/conversations/${id}/messages`, { body: { content: "And now?" } });
    const text = String(told()[0]?.content);
    assert.match(
      text,
      /^Look\n\n\[The user attached the file "holiday.png" \(image\/png, \d+ bytes\)\. It is not there any more\.\]/,
    );
  });

  test("[H15] texts take a quarter of what the model takes in, those of the latest message first, and the rest is said to be left out", async () => {
    const alice = someone();
    const id = await alice.newConversation();
    const old = await alice.file("o".repeat(2000), "old.txt");
    const long = await alice.file("n".repeat(9000), "new.txt");
    await alice.call(`/conversations/${id}/messages`, {
      body: { content: "Old", attachments: [old] },
    });
    assert.match(String(told()[0]?.content), /^Old\n\nFile "old.txt":\n```\no{2000}\n```$/);
    await alice.call(`/conversations/${id}/messages`, {
      body: { content: "New", attachments: [long] },
    });
    const newest = String(told().at(-1)?.content);
    const given = /\n(n+)\n/.exec(newest)?.[1]?.length ?? 0;
    assert.ok(given > 3000 && given < 4200, `${given} characters of 1,000 tokens`);
    assert.match(newest, /\[This is only the beginning of the file: the rest has no room\.\]$/);
    assert.match(
      String(told()[0]?.content),
      /^Old\n\n\[The user attached the file "old.txt".*There is no room/,
    );
  });

  test("[H14] a message that takes another's place may have its files, and bringing that back brings them back", async () => {
    const alice = someone();
    const id = await alice.newConversation();
    const file = await alice.file("kept", "kept.txt");
    const path = `/conversations/${id}/messages`;
    const [first] = (await alice.call(path, { body: { content: "1", attachments: [file] } })).body
      .data;
    const [second] = (
      await alice.call(path, {
        body: { content: "2", replace_from: first.id, attachments: [file] },
      })
    ).body.data;
    assert.deepEqual(second.attachments, first.attachments);
    const restored = await alice.call(`${path}/restore`, { body: { replaced_by: second.id } });
    assert.equal(restored.status, 200);
    const [back] = (await alice.call(path)).body.data;
    assert.deepEqual(back, first);
    assert.equal((await alice.call(`/files/${file}`)).status, 200);
  });

  test("[H14] the other wires show such a message as its words", async () => {
    const alice = someone();
    const id = await alice.newConversation();
    const attachments = [await alice.file("seen by 004", "a.txt")];
    await alice.call(`/conversations/${id}/messages`, { body: { content: "Words", attachments } });
    const answer = await fetch(`${server.url}/api/conversations/${id}`, {
      headers: { authorization: `Bearer ${key}`, "x-user-id": alice.user },
    });
    const { conversation } = (await answer.json()) as { conversation: { messages: object[] } };
    const [{ id: _, timestamp, ...rest }] = conversation.messages as [
      { id: string; timestamp: number },
    ];
    assert.deepEqual(rest, { role: "user", content: "Words" });
  });
});
