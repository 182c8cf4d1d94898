import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Message } from "../../src/domain/message.ts";
import type { NewMessage } from "../../src/ports/store.ts";
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
  withCode,
} from "./fixtures.ts";

/** The message as a client sends it back: under another id when it never learned the stored one. */
const sentBack = ({ id, role, content, createdAt }: Message, newId = id): NewMessage => ({
  id: newId,
  role,
  content,
  model: null,
  createdAt,
});

export function replacementContract(open: OpenStore): void {
  describe("replacing the messages of a conversation", () => {
    const store = sharedStore(open);

    async function conversationOfTwoTurns() {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      await completeTurn(store(), owner, id, "one", "first answer");
      await completeTurn(store(), owner, id, "two", "second answer");
      const before = (await store().listMessages(owner, id)) ?? [];
      const replace = async (messages: NewMessage[]) => {
        const changed = await store().updateConversation(owner, id, {
          messages,
          updatedAt: at(40),
        });
        assert.ok(changed);
        const after = (await store().listMessages(owner, id)) ?? [];
        const sequences = after.map(({ sequence }) => sequence);
        assert.deepEqual(
          sequences,
          [...new Set(sequences)].sort((one, two) => one - two),
        );
        return after;
      };
      return { owner, id, before, replace };
    }
    const withoutPlace = (message: Message) => ({ ...message, sequence: 0 });

    test("what is unchanged keeps its id, model, status and usage, whatever id was sent", async () => {
      const { before, replace } = await conversationOfTwoTurns();
      const added = aMessage("three", { createdAt: at(30) });
      const after = await replace([
        ...before.map((message, place) => sentBack(message, `unknown-${place}-${message.id}`)),
        added,
      ]);
      assert.deepEqual(after.slice(0, 4), before);
      assert.equal(after.length, 5);
      assert.equal(after[4]?.id, added.id);
      assert.equal(after[4]?.status, "complete");
    });

    test("messages can be left out, put between and put first", async () => {
      const { before, replace } = await conversationOfTwoTurns();
      const [first, between] = [aMessage("zero"), aMessage("one and a half")];
      const after = await replace([
        first,
        sentBack(before[0]!),
        between,
        sentBack(before[3]!, aMessage("").id),
      ]);
      assert.deepEqual(
        after.map(({ id }) => id),
        [first.id, before[0]!.id, between.id, before[3]!.id],
      );
      assert.deepEqual(withoutPlace(after[3]!), withoutPlace(before[3]!));
    });

    test("a message that changed is a new one", async () => {
      const { before, replace } = await conversationOfTwoTurns();
      const changed = aMessage("first answer, edited", { role: "assistant", createdAt: at(10) });
      const sameId = { ...sentBack(before[2]!), content: "two, edited" };
      const after = await replace([sentBack(before[0]!), changed, sameId, sentBack(before[3]!)]);
      assert.deepEqual(
        after.map(({ id, content, usage }) => [id, content, usage !== null]),
        [
          [before[0]!.id, "one", false],
          [changed.id, "first answer, edited", false],
          [before[2]!.id, "two, edited", false],
          [before[3]!.id, "second answer", true],
        ],
      );
    });

    test("messages that say the same keep an id each", async () => {
      const owner = newOwner();
      const twins = [aMessage("again"), aMessage("again"), aMessage("again")];
      const { id, messages } = await store().createConversation(owner, aConversation(), twins);
      await store().updateConversation(owner, id, {
        messages: [
          sentBack(messages[0]!, "unknown-1"),
          sentBack(messages[0]!),
          sentBack(messages[0]!, "unknown-2"),
        ],
        updatedAt: at(40),
      });
      assert.deepEqual(
        (await store().listMessages(owner, id))?.map((message) => message.id),
        [messages[1]!.id, messages[0]!.id, messages[2]!.id],
      );
    });

    test("an empty list leaves none, and the conversation goes on", async () => {
      const { owner, id, replace } = await conversationOfTwoTurns();
      assert.deepEqual(await replace([]), []);
      await completeTurn(store(), owner, id, "three", "third answer");
      assert.equal((await store().listMessages(owner, id))?.length, 2);
    });

    test("a message id of another conversation is a conflict, and nothing changes", async () => {
      const { owner, id, before } = await conversationOfTwoTurns();
      const elsewhere = aMessage("elsewhere");
      await store().createConversation(owner, aConversation(), [elsewhere]);
      const patch = { title: "new", messages: [aMessage("x"), elsewhere], updatedAt: at(50) };
      await assert.rejects(store().updateConversation(owner, id, patch), withCode("conflict"));
      assert.deepEqual(await store().listMessages(owner, id), before);
      assert.equal((await store().getConversation(owner, id))?.title, "A first title");
    });

    test("a reply in progress stays after its question, and is shown once it ended", async () => {
      const { owner, id, before, replace } = await conversationOfTwoTurns();
      const turn = begun(await store().beginTurn(owner, aTurn(inExisting(id), "three")));
      const first = aMessage("put first");
      const after = await replace([
        first,
        ...before.map((message) => sentBack(message)),
        sentBack(turn.userMessage),
      ]);
      assert.equal(after.length, 6);
      const { userMessage, reply } = (await store().latestTurn(owner, id)) ?? {};
      assert.equal(userMessage?.id, turn.userMessage.id);
      assert.equal(reply?.status, "streaming");
      assert.ok(await store().finishReply(owner, turn.reply.id, anEnding("third answer")));
      const contents = (await store().listMessages(owner, id))?.map(({ content }) => content);
      assert.deepEqual(contents?.slice(5), ["three", "third answer"]);
    });

    test("a reply in progress goes with its question", async () => {
      const { owner, id, before, replace } = await conversationOfTwoTurns();
      const turn = begun(await store().beginTurn(owner, aTurn(inExisting(id), "three")));
      assert.deepEqual(await replace(before.map((message) => sentBack(message))), before);
      assert.equal(await store().finishReply(owner, turn.reply.id, anEnding("late")), null);
    });
  });
}
