import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { attachmentOf, MIN_COUNTED_BYTES, type StoredFile } from "../../src/domain/file.ts";
import type { Owner } from "../../src/domain/principal.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aTurn,
  at,
  begun,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
  withCode,
} from "./fixtures.ts";

export const aFile = (given: Partial<StoredFile> = {}): StoredFile => {
  const id = given.id ?? randomUUID();
  return {
    id,
    name: `${id}.png`,
    mediaType: "image/png",
    bytes: 5000,
    sha256: createHash("sha256").update(id).digest("hex"),
    state: "ready",
    width: 3,
    height: 2,
    createdAt: at(0),
    ...given,
  };
};

export function fileContract(open: OpenStore): void {
  describe("files", () => {
    const store = sharedStore(open);
    const stored = async (owner: Owner, given?: Partial<StoredFile>) =>
      store().createFile(owner, aFile(given), null);
    const isThere = async (owner: Owner, { id }: StoredFile) =>
      (await store().getFile(owner, id)) !== null;
    const newConversation = async (owner: Owner) =>
      (await store().createConversation(owner, aConversation(), [])).id;
    /** A turn that was sent with those files, to its end. */
    const say = async (
      owner: Owner,
      conversationId: string,
      files: readonly StoredFile[],
      replaceFrom?: string,
    ) => {
      const target = { ...inExisting(conversationId), ...(replaceFrom && { replaceFrom }) };
      const turn = begun(
        await store().beginTurn(
          owner,
          aTurn(target, "Look", {
            userMessage: {
              id: randomUUID(),
              content: "Look",
              attachments: files.map(attachmentOf),
              createdAt: at(10),
            },
          }),
        ),
      );
      await store().finishReply(owner, turn.reply.id, anEnding("I see"));
      return turn.userMessage;
    };

    test("a file comes back as it was given, to its owner alone", async () => {
      const owner = newOwner();
      const text = { mediaType: "text/plain", width: null, height: null, name: "größe\n😀" };
      for (const file of [aFile(), aFile(text), aFile({ state: "checking", bytes: 2 ** 33 })]) {
        assert.deepEqual(await store().createFile(owner, file, null), file);
        assert.deepEqual(await store().getFile(owner, file.id), file);
        for (const stranger of strangersTo(owner)) {
          assert.equal(await store().getFile(stranger, file.id), null);
          assert.equal(await store().deleteFile(stranger, file.id), false);
        }
        assert.ok(await isThere(owner, file));
        assert.equal(await store().deleteFile(owner, file.id), true);
        assert.equal(await store().deleteFile(owner, file.id), false);
      }
    });

    test("an id that is taken is a conflict", async () => {
      const owner = newOwner();
      const file = await stored(owner);
      await assert.rejects(stored(owner, { id: file.id }), withCode("conflict"));
    });

    test("what is over the quota is not stored; a small file counts for its place on the disk", async () => {
      const owner = newOwner();
      const quota = 10_000;
      await store().createFile(owner, aFile({ bytes: 1 }), quota);
      assert.equal(await store().countFileBytes(owner), MIN_COUNTED_BYTES);
      await store().createFile(owner, aFile({ bytes: 5000 }), quota);
      const over = aFile({ bytes: 1000 });
      await assert.rejects(store().createFile(owner, over, quota), withCode("too_large"));
      assert.ok(!(await isThere(owner, over)));
      assert.equal(await store().countFileBytes(owner), MIN_COUNTED_BYTES + 5000);
      const [stranger] = strangersTo(owner);
      assert.equal(await store().countFileBytes(stranger as Owner), 0);
    });

    test("the same key makes one file", async () => {
      const owner = newOwner();
      const idempotency = { key: "one", fingerprint: "a" };
      const first = await store().createFile(owner, aFile(), null, undefined, idempotency);
      const second = await store().createFile(owner, aFile(), null, undefined, idempotency);
      assert.deepEqual(second, first);
      const other = { key: "one", fingerprint: "b" };
      const another = store().createFile(owner, aFile(), null, undefined, other);
      await assert.rejects(another, withCode("conflict"));
    });

    test("messages tell of the files that they were sent with, wherever they are read", async () => {
      const owner = newOwner();
      const files = [await stored(owner), await stored(owner, { width: null, height: null })];
      const conversationId = await newConversation(owner);
      const said = await say(owner, conversationId, files);
      assert.deepEqual(said.attachments, files.map(attachmentOf));
      assert.deepEqual(await store().getMessage(owner, said.id), said);
      const listed = await store().listMessages(owner, conversationId);
      assert.deepEqual(listed?.[0], said);
      assert.ok(!("attachments" in (listed?.[1] ?? {})), "a plain message tells of none");
      const recent = await store().recentMessages(owner, conversationId, { maxCharacters: 1000 });
      assert.deepEqual(recent[0], said);
      assert.deepEqual((await store().latestTurn(owner, conversationId))?.userMessage, said);
    });

    test("a turn with a file that is gone, or is another owner's, stores nothing", async () => {
      const [owner, other] = [newOwner(), newOwner()];
      const conversationId = await newConversation(owner);
      for (const file of [aFile(), await stored(other)])
        await assert.rejects(say(owner, conversationId, [file]), withCode("not_found"));
      assert.deepEqual(await store().listMessages(owner, conversationId), []);
    });

    test("a file goes with the last message that has it, however that goes", async () => {
      const owner = newOwner();
      const ways: ((conversationId: string, messageId: string) => Promise<unknown>)[] = [
        (_, messageId) => store().deleteMessage(owner, messageId),
        (conversationId) => store().deleteConversation(owner, conversationId),
        (conversationId) =>
          store().updateConversation(owner, conversationId, {
            messages: [aMessage("Others")],
            updatedAt: at(50),
          }),
      ];
      for (const [way, remove] of ways.entries()) {
        const file = await stored(owner);
        const shared = await stored(owner);
        const conversationId = await newConversation(owner);
        const { id } = await say(owner, conversationId, [file, shared]);
        const kept = await newConversation(owner);
        await say(owner, kept, [shared]);
        await remove(conversationId, id);
        assert.ok(!(await isThere(owner, file)), `way ${way}`);
        assert.ok(await isThere(owner, shared), `way ${way}: another message has it`);
      }
    });

    test("what a message took the place of keeps its files while it can be brought back", async () => {
      const owner = newOwner();
      const file = await stored(owner);
      const conversationId = await newConversation(owner);
      const first = await say(owner, conversationId, [file]);
      const second = await say(owner, conversationId, [], first.id);
      assert.ok(await isThere(owner, file));
      const stamp = { at: at(20), actor: "key 1" };
      assert.equal(await store().restoreReplaced(owner, conversationId, second.id, stamp), 2);
      assert.deepEqual((await store().getMessage(owner, first.id))?.attachments, first.attachments);
      await store().forgetReplaced(at(1000));
      assert.ok(await isThere(owner, file));

      await say(owner, conversationId, [file], first.id);
      await store().forgetReplaced(at(1000));
      assert.ok(await isThere(owner, file), "the message that took its place has it");
      const [message] = (await store().listMessages(owner, conversationId)) ?? [];
      await say(owner, conversationId, [], message?.id);
      assert.ok(await isThere(owner, file));
      await store().forgetReplaced(at(1000));
      assert.ok(!(await isThere(owner, file)), "nothing has it any more");
    });

    test("a message says of a file that was deleted that it is, also when it is brought back", async () => {
      const owner = newOwner();
      const [gone, kept] = [await stored(owner), await stored(owner)];
      const conversationId = await newConversation(owner);
      const first = await say(owner, conversationId, [gone, kept]);
      const second = await say(owner, conversationId, [gone], first.id);
      await store().deleteFile(owner, gone.id, { at: at(30), actor: "key 1" });
      const deleted = { ...attachmentOf(gone), isDeleted: true };
      assert.deepEqual((await store().getMessage(owner, second.id))?.attachments, [deleted]);
      await store().restoreReplaced(owner, conversationId, second.id, { at: at(31), actor: "me" });
      const restored = await store().getMessage(owner, first.id);
      assert.deepEqual(restored?.attachments, [deleted, attachmentOf(kept)]);
      const [event] = await store()
        .listAuditEvents({ limit: 20 })
        .then((events) => events.filter(({ about }) => about === gone.id));
      assert.equal(event?.action, "file_deleted");
    });

    test("files that no message has are forgotten after a while, and the digests say what is used", async () => {
      const owner = newOwner();
      const conversationId = await newConversation(owner);
      const old = { createdAt: new Date(1000) };
      const [unused, used] = [await stored(owner, old), await stored(owner, old)];
      await say(owner, conversationId, [used]);
      const fresh = await stored(owner);
      const digests = [unused, used, fresh].map(({ sha256 }) => sha256);
      assert.deepEqual(await store().usedDigests([...digests, "0".repeat(64)]), new Set(digests));
      assert.equal(await store().forgetUnusedFiles(new Date(2000)), 1);
      assert.deepEqual(
        [await isThere(owner, unused), await isThere(owner, used), await isThere(owner, fresh)],
        [false, true, true],
      );
      assert.deepEqual(await store().usedDigests(digests), new Set(digests.slice(1)));
    });
  });
}
