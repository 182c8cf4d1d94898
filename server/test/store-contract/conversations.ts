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

export function conversationContract(open: OpenStore): void {
  describe("conversations", () => {
    const store = sharedStore(open);

    test("a new conversation comes back as it was given, with its messages in order", async () => {
      const owner = newOwner();
      const given = aConversation({
        title: "A title",
        isPinned: true,
        agentId: "agent 1",
        mode: "a mode",
        alias: "session-1",
      });
      const messages = [
        aMessage("late", { createdAt: at(9) }),
        aMessage("early", { role: "assistant", model: "m", createdAt: at(-5) }),
      ];
      const created = await store().createConversation(owner, given, messages);
      assert.equal(created.userId, owner.userId);
      assert.deepEqual(
        created.messages.map(({ id, role, content, model, createdAt }) => ({
          id,
          role,
          content,
          model,
          createdAt,
        })),
        messages,
      );
      const { messages: stored, ...conversation } = created;
      assert.deepEqual({ ...conversation, ...given }, conversation);
      assert.deepEqual(await store().getConversation(owner, given.id), conversation);
      assert.deepEqual(await store().listMessages(owner, given.id), stored);
    });

    test("text comes back exactly as it was given", async () => {
      const owner = newOwner();
      const texts = [
        "👩‍👩‍👧‍👦 e\u0301 é \u2028 \ufeff \r\n\t '\"\\ %_ \ue000\uffff",
        "שלום عليكم 日本語 \u{10ffff}",
        "  spaces around  ",
        `${"x".repeat(99_999)}é`,
      ];
      for (const text of texts) {
        const { id } = await store().createConversation(
          owner,
          aConversation({
            title: text,
            mode: text,
            alias: text,
            agentId: text,
            model: text,
            origin: text,
          }),
          [aMessage(text)],
        );
        const conversation = await store().getConversation(owner, id);
        const { title, mode, alias, agentId, origin } = conversation ?? {};
        assert.deepEqual([title, mode, alias, agentId, origin], Array(5).fill(text));
        assert.equal((await store().listMessages(owner, id))?.[0]?.content, text);
      }
    });

    test("an id or an alias that is taken is a conflict, and nothing is stored", async () => {
      const owner = newOwner();
      const first = aConversation({ alias: "mine" });
      await store().createConversation(owner, first, []);
      const message = aMessage("lost");
      for (const [who, taken] of [
        [owner, aConversation({ id: first.id })],
        [newOwner(), aConversation({ id: first.id })],
        [owner, aConversation({ alias: "mine" })],
      ] as const)
        await assert.rejects(
          store().createConversation(who, taken, [message]),
          withCode("conflict"),
        );
      assert.equal(await store().getMessage(owner, message.id), null);
      assert.equal((await store().listConversations(owner, { limit: 9, offset: 0 })).total, 1);
      await store().createConversation(newOwner(), aConversation({ alias: "mine" }), [message]);
    });

    test("a message id that is taken is a conflict, and the conversation is not stored either", async () => {
      const owner = newOwner();
      const message = aMessage("one");
      await store().createConversation(owner, aConversation(), [message]);
      const refused = aConversation();
      const others = Array.from({ length: 5 }, () => aConversation());
      const results = await Promise.allSettled([
        ...others.slice(0, 2).map((it) => store().createConversation(owner, it, [])),
        store().createConversation(owner, refused, [aMessage("two"), message]),
        ...others.slice(2).map((it) => store().createConversation(owner, it, [])),
      ]);
      assert.deepEqual(
        results.map((result) => result.status),
        ["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
      );
      assert.equal(await store().getConversation(owner, refused.id), null);
      for (const { id } of others) assert.ok(await store().getConversation(owner, id));
    });

    test("another owner's conversation is as absent as none", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(
        owner,
        aConversation({ alias: "alias", origin: "chat" }),
        [aMessage("secret")],
      );
      for (const stranger of strangersTo(owner)) {
        assert.equal(await store().getConversation(stranger, id), null);
        assert.equal(await store().findConversationByAlias(stranger, "alias"), null);
        assert.equal(await store().latestConversation(stranger, "chat"), null);
        assert.deepEqual(await store().listConversations(stranger, { limit: 10, offset: 0 }), {
          items: [],
          total: 0,
        });
        const patch = { title: "stolen", messages: [], updatedAt: at(50) };
        assert.equal(await store().updateConversation(stranger, id, patch), null);
        assert.equal(await store().deleteConversation(stranger, id), false);
      }
      assert.equal((await store().getConversation(owner, id))?.title, null);
      assert.equal((await store().listMessages(owner, id))?.length, 1);
    });

    test("an alias finds its conversation", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation({ alias: "a b" }), []);
      assert.equal((await store().findConversationByAlias(owner, "a b"))?.id, id);
      assert.equal(await store().findConversationByAlias(owner, "A B"), null);
    });

    test("the latest conversation of an origin is the one used last", async () => {
      const owner = newOwner();
      const [first, second] = [
        aConversation({ origin: "chat" }),
        aConversation({ origin: "chat", createdAt: at(1) }),
      ];
      for (const given of [first, second, aConversation({ origin: "voice", createdAt: at(2) })])
        await store().createConversation(owner, given, []);
      assert.equal((await store().latestConversation(owner, "chat"))?.id, second.id);
      await store().appendMessage(owner, first.id, aMessage("again", { createdAt: at(5) }));
      assert.equal((await store().latestConversation(owner, "chat"))?.id, first.id);
      assert.equal(await store().latestConversation(owner, "dialogix"), null);
    });

    test("the list has those used last first, pages, and counts all", async () => {
      const owner = newOwner();
      const ids: string[] = [];
      for (let second = 0; second < 5; second++) {
        const given = aConversation({ createdAt: at(second) });
        ids.unshift(given.id);
        await store().createConversation(owner, given, []);
      }
      const page = async (limit: number, offset: number) => {
        const { items, total } = await store().listConversations(owner, { limit, offset });
        assert.equal(total, 5);
        return items.map((item) => item.id);
      };
      assert.deepEqual(await page(10, 0), ids);
      assert.deepEqual(await page(2, 0), ids.slice(0, 2));
      assert.deepEqual(await page(2, 4), ids.slice(4));
      assert.deepEqual(await page(2, 9), []);
      await completeTurn(store(), owner, ids[4]!, "back", "welcome");
      assert.deepEqual(await page(1, 0), [ids[4]]);
    });

    test("the list can be of those that are pinned, or of the others", async () => {
      const owner = newOwner();
      const [first, second, third] = await Promise.all(
        [true, false, true].map((isPinned, place) =>
          store().createConversation(owner, aConversation({ isPinned, createdAt: at(place) }), []),
        ),
      );
      const ids = async (isPinned: boolean, limit = 10) => {
        const { items, total } = await store().listConversations(owner, {
          limit,
          offset: 0,
          isPinned,
        });
        return [items.map((one) => one.id), total];
      };
      assert.deepEqual(await ids(true), [[third?.id, first?.id], 2]);
      assert.deepEqual(await ids(true, 1), [[third?.id], 2]);
      assert.deepEqual(await ids(false), [[second?.id], 1]);
    });

    test("what a list says it has in all is what it has, whatever made, moved or deleted its conversations", async () => {
      const owner = newOwner();
      const check = async (expected: number) => {
        const choices = [undefined, true, false];
        for (const isPinned of choices)
          for (const isArchived of choices) {
            const { items, total } = await store().listConversations(owner, {
              ...{ limit: 100, offset: 0 },
              ...(isPinned !== undefined && { isPinned }),
              ...(isArchived !== undefined && { isArchived }),
            });
            assert.equal(total, items.length, `pinned ${isPinned}, archived ${isArchived}`);
            if (isPinned === undefined && isArchived === undefined) assert.equal(total, expected);
          }
      };
      const create = (given = {}, contents: string[] = []) =>
        store().createConversation(
          owner,
          aConversation(given),
          contents.map((it) => aMessage(it)),
        );
      await check(0);
      const plain = await create();
      const pinned = await create({ isPinned: true });
      await create({ isHidden: true, expiresAt: at(60) });
      const begun = aConversation();
      await store().beginTurn(owner, aTurn({ kind: "new", conversation: begun }));
      await check(3);
      const twice = aMessage("twice");
      await assert.rejects(store().createConversation(owner, aConversation(), [twice, twice]));
      await assert.rejects(create({ id: plain.id }));
      await check(3);
      const change = (id: string, patch: object) =>
        store().updateConversation(owner, id, { ...patch, updatedAt: new Date() });
      await change(plain.id, { isPinned: true });
      await change(pinned.id, { isArchived: true });
      await change(begun.id, { isPinned: true, isArchived: true });
      await check(3);
      await change(plain.id, { isPinned: true, title: "again" });
      await change(begun.id, { isPinned: false });
      await completeTurn(store(), owner, pinned.id, "back", "to the list");
      await check(3);
      const imported = {
        ...((await store().getConversation(owner, plain.id)) ?? assert.fail()),
        ...{ id: aConversation().id, isPinned: false },
      };
      const record = { type: "conversation", owner, conversation: imported, branches: [] } as const;
      assert.deepEqual(await store().importRecords([record, record]), [true, false]);
      await check(4);
      assert.ok(await store().deleteConversation(owner, plain.id));
      assert.ok(!(await store().deleteConversation(owner, plain.id)));
      await check(3);
      for (const { id } of [pinned, begun, imported]) await store().deleteConversation(owner, id);
      await check(0);
    });

    test("every use moves updatedAt: a turn's begin and end, an added message, a change", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const used = async () => (await store().getConversation(owner, id))?.updatedAt;
      assert.deepEqual(await used(), at(0));
      const turn = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      assert.deepEqual(turn.conversation.updatedAt, at(10));
      assert.deepEqual(await used(), at(10));
      await store().finishReply(owner, turn.reply.id, anEnding("hi", { finishedAt: at(11) }));
      assert.deepEqual(await used(), at(11));
      await store().appendMessage(owner, id, aMessage("note", { createdAt: at(12) }));
      assert.deepEqual(await used(), at(12));
      await store().updateConversation(owner, id, { title: "new", updatedAt: at(13) });
      assert.deepEqual(await used(), at(13));
    });

    test("a change touches only the fields it names", async () => {
      const owner = newOwner();
      const given = aConversation({
        title: "old",
        agentId: "agent",
        model: "one",
        mode: "mode",
        alias: "name",
      });
      const created = await store().createConversation(owner, given, [aMessage("kept")]);
      const changed = await store().updateConversation(owner, given.id, {
        isPinned: true,
        mode: null,
        updatedAt: at(30),
      });
      const { messages, ...before } = created;
      const expected = { ...before, isPinned: true, mode: null, updatedAt: at(30) };
      assert.deepEqual(changed, expected);
      assert.deepEqual(await store().getConversation(owner, given.id), expected);
      const again = {
        title: "new",
        agentId: "other",
        model: "another",
        isPinned: false,
        updatedAt: at(31),
      };
      const twice = await store().updateConversation(owner, given.id, again);
      assert.deepEqual(twice, { ...expected, ...again });
      assert.deepEqual(await store().listMessages(owner, given.id), messages);
    });

    test("deleting takes the messages, the alias and the turns with it", async () => {
      const owner = newOwner();
      const given = aConversation({ alias: "free again" });
      await store().createConversation(owner, given, [aMessage("gone")]);
      const turn = begun(await store().beginTurn(owner, aTurn(inExisting(given.id))));
      assert.equal(await store().deleteConversation(owner, given.id), true);
      assert.equal(await store().deleteConversation(owner, given.id), false);
      assert.equal(await store().getConversation(owner, given.id), null);
      assert.equal(await store().listMessages(owner, given.id), null);
      assert.equal(await store().getMessage(owner, turn.userMessage.id), null);
      assert.equal(await store().finishReply(owner, turn.reply.id, anEnding("late")), null);
      assert.equal(await store().latestTurn(owner, given.id), null);
      assert.equal((await store().beginTurn(owner, aTurn(inExisting(given.id)))).kind, "not_found");
      await store().createConversation(owner, aConversation({ alias: "free again" }), []);
    });
  });
}
