import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
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

export function turnTargetContract(open: OpenStore): void {
  describe("the conversation of a turn", () => {
    const store = sharedStore(open);
    const inNew = (given = {}) => aTurn({ kind: "new", conversation: aConversation(given) });
    const inAlias = (alias: string) =>
      aTurn({ kind: "alias", conversation: aConversation({ alias }) });
    const inLatest = (usedAfter: Date) =>
      aTurn({ kind: "latest", usedAfter, conversation: aConversation({ origin: "chat" }) });

    test("a new one is made with its first turn", async () => {
      const owner = newOwner();
      const given = aConversation({ isPinned: true, mode: "m", agentId: "a", alias: "n" });
      const turn = begun(
        await store().beginTurn(owner, aTurn({ kind: "new", conversation: given })),
      );
      assert.equal(turn.created, true);
      const { title: _, ...fields } = given;
      assert.deepEqual({ ...turn.conversation, ...fields }, turn.conversation);
      assert.deepEqual(turn.conversation.updatedAt, at(10));
      assert.deepEqual(await store().getConversation(owner, given.id), turn.conversation);
      assert.deepEqual(await store().listMessages(owner, given.id), [turn.userMessage]);
    });

    test("a new one whose id or alias is taken is a conflict, and nothing is stored", async () => {
      const owner = newOwner();
      const taken = aConversation({ alias: "name" });
      await store().createConversation(owner, taken, []);
      for (const turn of [inNew({ id: taken.id }), inNew({ alias: "name" })]) {
        await assert.rejects(store().beginTurn(owner, turn), withCode("conflict"));
        assert.equal(await store().getMessage(owner, turn.userMessage.id), null);
      }
      assert.deepEqual(await store().listMessages(owner, taken.id), []);
    });

    test("the first turn gives a title to one that has none, and to no other", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const first = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      assert.equal(first.conversation.title, "A first title");
      const second = aTurn(inExisting(id), "Hello", { title: "Another title" });
      const { conversation } = begun(await store().beginTurn(owner, second));
      assert.equal(conversation.title, "A first title");
      const named = begun(await store().beginTurn(owner, inNew({ title: "Its own" })));
      assert.equal(named.conversation.title, "Its own");
      const unnamed = begun(await store().beginTurn(owner, inNew()));
      assert.equal(unnamed.conversation.title, "A first title");
    });

    test("a turn in the place of a message takes that away, and all that followed", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const turns = [];
      for (const words of ["a", "b", "c"])
        turns.push(await completeTurn(store(), owner, id, words, `re ${words}`));
      const replaceFrom = turns[1]?.userMessage.id ?? "";
      const turn = aTurn({ kind: "existing", conversationId: id, replaceFrom }, "B");
      for (const stranger of strangersTo(owner))
        assert.equal((await store().beginTurn(stranger, turn)).kind, "not_found");
      const elsewhere = await store().createConversation(owner, aConversation(), []);
      const astray = aTurn({ kind: "existing", conversationId: elsewhere.id, replaceFrom }, "B");
      assert.equal((await store().beginTurn(owner, astray)).kind, "not_found");
      assert.equal((await store().listMessages(owner, id))?.length, 6);

      begun(await store().beginTurn(owner, turn));
      const contents = async () =>
        (await store().listMessages(owner, id))?.map((one) => one.content);
      assert.deepEqual(await contents(), ["a", "re a", "B"]);
      const words = { limit: 10, offset: 0 };
      assert.deepEqual((await store().search(owner, "re c", words)).hits, []);
      assert.equal((await store().beginTurn(owner, turn)).kind, "not_found");
      assert.deepEqual(await contents(), ["a", "re a", "B"]);
    });

    test("what was replaced comes back as it was, once, for its owner, and not over what was said since", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const first = await completeTurn(store(), owner, id, "a", "re a");
      await completeTurn(store(), owner, id, "b", "re b");
      const running = begun(await store().beginTurn(owner, aTurn(inExisting(id), "c")));
      const all = async () => (await store().listMessages(owner, id)) ?? [];
      const before = await all();
      const replace = async (replaceFrom: string, content: string) => {
        const target = { kind: "existing", conversationId: id, replaceFrom } as const;
        return begun(await store().beginTurn(owner, aTurn(target, content)));
      };
      const stamp = { at: at(90), actor: "key editor" };
      const restore = (replacedBy: string, by = owner) =>
        store().restoreReplaced(by, id, replacedBy, stamp);

      const replaced = await replace(first.userMessage.id, "A");
      for (const stranger of strangersTo(owner))
        await assert.rejects(restore(replaced.userMessage.id, stranger), withCode("not_found"));
      await assert.rejects(restore(randomUUID()), withCode("not_found"));
      assert.equal(await store().getMessage(owner, first.reply.id), null);
      assert.deepEqual((await store().search(owner, "re b", { limit: 10, offset: 0 })).hits, []);

      await store().finishReply(owner, replaced.reply.id, anEnding("re A"));
      const later = await completeTurn(store(), owner, id, "d", "re d");
      await assert.rejects(restore(replaced.userMessage.id), withCode("conflict"));
      assert.equal((await all()).length, 4);
      // One that is replaced itself comes back first.
      const second = await replace(later.userMessage.id, "D");
      assert.equal(await restore(second.userMessage.id), 2);
      assert.deepEqual(
        (await all()).map(({ content }) => content),
        ["A", "re A", "d", "re d"],
      );
      for (const { id: messageId } of [later.userMessage, later.reply])
        assert.equal(await store().deleteMessage(owner, messageId), true);

      assert.equal(await restore(replaced.userMessage.id), 6);
      const after = await all();
      assert.deepEqual(after.slice(0, 5), before);
      assert.deepEqual([after[5]?.id, after[5]?.status], [running.reply.id, "interrupted"]);
      assert.equal((await store().search(owner, "re b", { limit: 10, offset: 0 })).hits.length, 1);
      const events = await store().listAuditEvents({ limit: 1000 });
      const noted = events.filter(({ about }) => about === id);
      assert.deepEqual(
        noted.map(({ action, count }) => [action, count]),
        [
          ["messages_restored", 6],
          ["messages_restored", 2],
        ],
      );
      await assert.rejects(restore(replaced.userMessage.id), withCode("not_found"));

      const third = await replace(first.userMessage.id, "A");
      await store().forgetReplaced(new Date(third.userMessage.createdAt.getTime() + 1));
      await assert.rejects(restore(third.userMessage.id), withCode("not_found"));
      assert.deepEqual(
        (await all()).map(({ content }) => content),
        ["A"],
      );
      const fourth = await replace(third.userMessage.id, "AA");
      await store().deleteConversation(owner, id);
      await assert.rejects(restore(fourth.userMessage.id), withCode("not_found"));
    });

    test("one that does not exist is not found, and nothing is stored", async () => {
      const owner = newOwner();
      const turn = aTurn(inExisting("unknown"));
      assert.deepEqual(await store().beginTurn(owner, turn), { kind: "not_found" });
      assert.equal(await store().getMessage(owner, turn.userMessage.id), null);
    });

    test("an alias is one conversation, also for first messages sent at once", async () => {
      const owner = newOwner();
      const [stranger] = strangersTo(owner);
      const turns = await Promise.all([
        ...Array.from({ length: 10 }, () => store().beginTurn(owner, inAlias("session"))),
        store().beginTurn(stranger!, inAlias("session")),
      ]);
      const created = turns.map((turn) => begun(turn).created);
      assert.deepEqual(created, [true, ...Array(9).fill(false), true]);
      const ids = turns.map((turn) => begun(turn).conversation.id);
      assert.deepEqual([new Set(ids.slice(0, 10)).size, new Set(ids).size], [1, 2]);
      const another = begun(await store().beginTurn(owner, inAlias("another session")));
      assert.ok(!ids.includes(another.conversation.id));
      assert.equal(begun(turns[9]!).conversation.alias, "session");
    });

    test("the latest is one conversation, also for first messages sent at once", async () => {
      const owner = newOwner();
      await store().createConversation(
        owner,
        aConversation({ origin: "voice", createdAt: at(9) }),
        [],
      );
      const turns = await Promise.all(
        Array.from({ length: 10 }, () => store().beginTurn(owner, inLatest(at(5)))),
      );
      assert.deepEqual(
        turns.map((turn) => begun(turn).created),
        [true, ...Array(9).fill(false)],
      );
      assert.equal(new Set(turns.map((turn) => begun(turn).conversation.id)).size, 1);
    });

    test("the latest is the one used last, if that was after a moment", async () => {
      const owner = newOwner();
      const [older, newer] = [
        aConversation({ origin: "chat", createdAt: at(1) }),
        aConversation({ origin: "chat", createdAt: at(2) }),
      ];
      await store().createConversation(owner, older, []);
      await store().createConversation(owner, newer, []);
      await store().appendMessage(owner, older.id, aMessage("used", { createdAt: at(3) }));
      const late = begun(await store().beginTurn(owner, inLatest(at(3))));
      assert.equal(late.created, true);
      const idOf = async (usedAfter: Date) =>
        begun(await store().beginTurn(owner, inLatest(usedAfter))).conversation.id;
      assert.equal(await idOf(at(2)), late.conversation.id);
      await store().deleteConversation(owner, late.conversation.id);
      assert.equal(await idOf(at(2)), older.id);
      const [stranger] = strangersTo(owner);
      assert.equal(begun(await store().beginTurn(stranger!, inLatest(at(0)))).created, true);
    });
  });
}
