import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Message } from "../../src/domain/message.ts";
import type { Owner } from "../../src/domain/principal.ts";
import type { AbandonedReply } from "../../src/ports/store.ts";
import {
  aConversation,
  aMessage,
  aPiece,
  aTurn,
  at,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  type OpenStore,
  strangersTo,
  withCode,
} from "./fixtures.ts";

const sorted = (replies: readonly AbandonedReply[]) =>
  replies.toSorted((one, other) => one.replyId.localeCompare(other.replyId));
const toAbandoned = ({ who, reply }: { who: Owner; reply: Message }): AbandonedReply => ({
  owner: who,
  replyId: reply.id,
  isTaken: false,
});
const inNew = () => ({ kind: "new", conversation: aConversation() }) as const;

export function lifeContract(open: OpenStore): void {
  describe("the life of a store", () => {
    test("replies left in progress become interrupted, with the text they had", async () => {
      let store = await open();
      try {
        const owner = newOwner();
        const left = [];
        for (const who of [owner, ...strangersTo(owner)]) {
          const { id } = await store.createConversation(who, aConversation(), []);
          await completeTurn(store, who, id, "one", "first answer");
          const { reply } = begun(await store.beginTurn(who, aTurn(inExisting(id), "two")));
          await store.checkpoint([aPiece(who, reply.id, "so far")]);
          left.push({ who, reply });
        }
        assert.deepEqual(await store.interruptAbandonedReplies(at(59)), []);
        await store.close();
        store = await open(store);
        const own = begun(await store.beginTurn(owner, aTurn(inNew(), "of a server that lives")));
        const interrupted = await store.interruptAbandonedReplies(at(60));
        assert.deepEqual(sorted(interrupted), sorted(left.map(toAbandoned)));
        for (const { who, reply } of left)
          assert.deepEqual(await store.getMessage(who, reply.id), {
            ...reply,
            content: "so far",
            status: "interrupted",
            interruptedBy: "crash",
            finishedAt: at(60),
          });
        assert.deepEqual(await store.interruptAbandonedReplies(at(61)), []);
        assert.equal((await store.getMessage(owner, own.reply.id))?.status, "streaming");
        const { hits } = await store.search(owner, "so far", { limit: 9, offset: 0 });
        assert.equal(hits.length, 1);
      } finally {
        await store.close();
      }
    });

    test("it answers, and closing finishes what was asked for", async () => {
      const store = await open();
      const owner = newOwner();
      await store.ping();
      const { id } = await store.createConversation(owner, aConversation(), []);
      const writes = Array.from({ length: 200 }, (_, place) =>
        store.appendMessage(owner, id, aMessage(`${place}`)),
      );
      const closed = store.close();
      assert.ok((await Promise.all(writes)).every((message) => message !== null));
      await closed;
    });

    test("closed, it is unavailable to readers and writers", async () => {
      const store = await open();
      const owner = newOwner();
      await store.close();
      await store.close();
      const unavailable = withCode("unavailable");
      await assert.rejects(store.ping(), unavailable);
      await assert.rejects(store.getConversation(owner, "x"), unavailable);
      await assert.rejects(store.search(owner, "x", { limit: 1, offset: 0 }), unavailable);
      await assert.rejects(store.createConversation(owner, aConversation(), []), unavailable);
      await assert.rejects(Array.fromAsync(store.exportRecords()), unavailable);
    });
  });
}
