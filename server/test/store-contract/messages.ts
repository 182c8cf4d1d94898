import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  aConversation,
  aMessage,
  anEnding,
  aTurn,
  at,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
  withCode,
} from "./fixtures.ts";

export function messageContract(open: OpenStore): void {
  describe("messages", () => {
    const store = sharedStore(open);

    async function conversationWith(contents: readonly string[]) {
      const owner = newOwner();
      const given = contents.map((content) => aMessage(content));
      const { id, messages } = await store().createConversation(owner, aConversation(), given);
      return { owner, id, messages };
    }

    test("an added message comes last, and comes back as it was given", async () => {
      const { owner, id, messages } = await conversationWith(["one", "two"]);
      const given = aMessage("three", { role: "system", model: "m", createdAt: at(3) });
      const added = await store().appendMessage(owner, id, given);
      assert.ok(added && added.sequence > messages[1]!.sequence);
      assert.deepEqual({ ...added, ...given }, added);
      assert.equal(added.status, "complete");
      assert.equal(added.conversationId, id);
      assert.deepEqual(await store().getMessage(owner, given.id), added);
      assert.deepEqual(await store().listMessages(owner, id), [...messages, added]);
    });

    test("an added message whose id is taken is a conflict, and nothing is stored", async () => {
      const { owner, id, messages } = await conversationWith(["one"]);
      const again = aMessage("again", { id: messages[0]!.id });
      await assert.rejects(store().appendMessage(owner, id, again), withCode("conflict"));
      assert.deepEqual(await store().listMessages(owner, id), messages);
      assert.deepEqual((await store().getConversation(owner, id))?.updatedAt, at(1));
    });

    test("pages: the latest ones, and those just before one", async () => {
      const { owner, id, messages } = await conversationWith(["0", "1", "2", "3", "4"]);
      const page = async (options?: { limit?: number; before?: string }) =>
        (await store().listMessages(owner, id, options))?.map(({ content }) => content).join("");
      const idAt = (place: number) => messages[place]!.id;
      assert.equal(await page(), "01234");
      assert.equal(await page({ limit: 2 }), "34");
      assert.equal(await page({ limit: 9 }), "01234");
      assert.equal(await page({ before: idAt(3) }), "012");
      assert.equal(await page({ before: idAt(3), limit: 2 }), "12");
      assert.equal(await page({ before: idAt(0), limit: 2 }), "");
      assert.equal(await page({ before: "unknown" }), undefined);
      const other = await store().createConversation(owner, aConversation(), [aMessage("x")]);
      assert.equal(await page({ before: other.messages[0]!.id }), undefined);
    });

    test("replies in progress are left out of lists, and found by their id", async () => {
      const { owner, id } = await conversationWith(["one"]);
      const turn = begun(await store().beginTurn(owner, aTurn(inExisting(id), "two")));
      const contents = async () =>
        (await store().listMessages(owner, id))?.map(({ content }) => content);
      assert.deepEqual(await contents(), ["one", "two"]);
      assert.equal((await store().listMessages(owner, id, { limit: 1 }))?.[0]?.content, "two");
      assert.deepEqual(await store().getMessage(owner, turn.reply.id), turn.reply);
      await store().finishReply(owner, turn.reply.id, anEnding("three"));
      assert.deepEqual(await contents(), ["one", "two", "three"]);
    });

    test("a deleted message is gone, and the others stay in their places", async () => {
      const { owner, id, messages } = await conversationWith(["0", "1", "2"]);
      assert.equal(await store().deleteMessage(owner, messages[1]!.id), true);
      assert.equal(await store().deleteMessage(owner, messages[1]!.id), false);
      assert.equal(await store().getMessage(owner, messages[1]!.id), null);
      assert.deepEqual(await store().listMessages(owner, id), [messages[0], messages[2]]);
      assert.ok(await store().deleteMessage(owner, messages[2]!.id));
      await store().appendMessage(owner, id, aMessage("3"));
      assert.equal((await store().listMessages(owner, id))?.length, 2);
    });

    test("another owner's messages are as absent as none", async () => {
      const { owner, id, messages } = await conversationWith(["secret"]);
      const messageId = messages[0]!.id;
      for (const stranger of strangersTo(owner)) {
        assert.equal(await store().getMessage(stranger, messageId), null);
        assert.equal(await store().listMessages(stranger, id), null);
        assert.equal(await store().deleteMessage(stranger, messageId), false);
        assert.equal(await store().appendMessage(stranger, id, aMessage("mine")), null);
        assert.deepEqual(await store().recentMessages(stranger, id, { maxCharacters: 99 }), []);
        const { id: own } = await store().createConversation(stranger, aConversation(), []);
        assert.equal(await store().listMessages(stranger, own, { before: messageId }), null);
      }
      assert.deepEqual(await store().listMessages(owner, id), messages);
      assert.equal(await store().listMessages(owner, "unknown"), null);
      assert.equal(await store().appendMessage(owner, "unknown", aMessage("x")), null);
    });

    test("messages added at once all get a place of their own, in the order of the calls", async () => {
      const { owner, id } = await conversationWith([]);
      const given = Array.from({ length: 100 }, (_, place) => aMessage(`${place}`));
      await Promise.all(given.map((message) => store().appendMessage(owner, id, message)));
      const stored = (await store().listMessages(owner, id)) ?? [];
      assert.deepEqual(
        stored.map((message) => message.id),
        given.map((message) => message.id),
      );
      assert.equal(new Set(stored.map(({ sequence }) => sequence)).size, 100);
    });

    describe("what a model needs to remember", () => {
      const memory = async (contents: string[], maxCharacters: number) => {
        const { owner, id } = await conversationWith(contents);
        const recent = await store().recentMessages(owner, id, { maxCharacters });
        return recent.map(({ content }) => content);
      };

      test("the last messages that fit, oldest first, at least one", async () => {
        assert.deepEqual(await memory(["aaaa", "bbb", "cc"], 9), ["aaaa", "bbb", "cc"]);
        assert.deepEqual(await memory(["aaaa", "bbb", "cc"], 8), ["bbb", "cc"]);
        assert.deepEqual(await memory(["a", "bbb", "cc"], 3), ["cc"]);
        assert.deepEqual(await memory(["a", "bbbb"], 2), ["bbbb"]);
        assert.deepEqual(await memory([], 2), []);
      });

      test("as many as there are, when they fit", async () => {
        const contents = Array.from({ length: 300 }, (_, place) => `${place}`);
        assert.deepEqual(await memory(contents, 10_000), contents);
      });

      test("only what is before a place, without replies in progress or empty ones", async () => {
        const { owner, id } = await conversationWith([]);
        await completeTurn(store(), owner, id, "one", "answer");
        await completeTurn(store(), owner, id, "two", "");
        const third = begun(await store().beginTurn(owner, aTurn(inExisting(id), "three")));
        const fourth = begun(await store().beginTurn(owner, aTurn(inExisting(id), "four")));
        const recent = async (beforeSequence?: number) =>
          (
            await store().recentMessages(owner, id, {
              maxCharacters: 1_000,
              ...(beforeSequence !== undefined && { beforeSequence }),
            })
          ).map(({ content }) => content);
        assert.deepEqual(await recent(), ["one", "answer", "two", "three", "four"]);
        assert.deepEqual(await recent(fourth.userMessage.sequence), [
          "one",
          "answer",
          "two",
          "three",
        ]);
        assert.deepEqual(await recent(third.userMessage.sequence), ["one", "answer", "two"]);
      });
    });
  });
}
