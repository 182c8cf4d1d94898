import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Owner } from "../../src/domain/principal.ts";
import type { Store } from "../../src/ports/store.ts";
import {
  aConversation,
  aMessage,
  aTurn,
  at,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
} from "./fixtures.ts";

export function iterationContract(open: OpenStore): void {
  describe("iterating over conversations", () => {
    const store = sharedStore(open);

    async function idsOf(
      owner: Owner,
      options: Parameters<Store["iterateConversations"]>[1],
    ): Promise<string[]> {
      const conversations = await Array.fromAsync(store().iterateConversations(owner, options));
      return conversations.map(({ id }) => id);
    }

    /** More than any page; ids by creation, newest first. Two share each moment. */
    async function manyConversations(owner: Owner): Promise<string[]> {
      const given = Array.from({ length: 120 }, (_, place) =>
        aConversation({ createdAt: at(Math.floor(place / 2)) }),
      );
      for (const conversation of given)
        await store().createConversation(owner, conversation, [aMessage("one"), aMessage("two")]);
      return given.map(({ id }) => id).reverse();
    }

    test("newest first goes by creation, whatever was used since", async () => {
      const owner = newOwner();
      const ids = await manyConversations(owner);
      await store().appendMessage(owner, ids[110]!, aMessage("used", { createdAt: at(900) }));
      assert.deepEqual(await idsOf(owner, { order: "newest" }), ids);
      assert.deepEqual(await idsOf(owner, { order: "newest", limit: 60 }), ids.slice(0, 60));
      assert.deepEqual(await idsOf(owner, { order: "newest", limit: 0 }), []);
    });

    test("`before` leads on after a conversation, page by page", async () => {
      const owner = newOwner();
      const ids = await manyConversations(owner);
      const seen: string[] = [];
      for (;;) {
        const last = seen.at(-1);
        const page = await idsOf(owner, {
          order: "newest",
          limit: 25,
          ...(last !== undefined && { before: last }),
        });
        if (page.length === 0) break;
        seen.push(...page);
      }
      assert.deepEqual(seen, ids);
    });

    test("an unknown `before`, and another owner's, yields nothing", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const stranger = strangersTo(owner)[0]!;
      await store().createConversation(stranger, aConversation({ createdAt: at(-1) }), []);
      assert.deepEqual(await idsOf(owner, { order: "newest", before: "unknown" }), []);
      assert.deepEqual(await idsOf(stranger, { order: "newest", before: id }), []);
    });

    test("pinned first, then those used last", async () => {
      const owner = newOwner();
      const ids = await manyConversations(owner);
      const pinned = [ids[70]!, ids[100]!];
      for (const [place, id] of pinned.entries())
        await store().updateConversation(owner, id, { isPinned: true, updatedAt: at(-place) });
      await store().appendMessage(owner, ids[110]!, aMessage("used", { createdAt: at(900) }));
      const first = [...pinned, ids[110]!];
      const expected = [...first, ...ids.filter((id) => !first.includes(id))];
      assert.deepEqual(await idsOf(owner, { order: "pinned" }), expected);
      assert.deepEqual(await idsOf(owner, { order: "pinned", limit: 3 }), first);
    });

    test("a conversation that is used or deleted meanwhile does not disturb it", async () => {
      for (const order of ["newest", "pinned"] as const) {
        const owner = newOwner();
        const ids = await manyConversations(owner);
        const seen: string[] = [];
        for await (const { id } of store().iterateConversations(owner, { order })) {
          seen.push(id);
          if (seen.length !== 10) continue;
          await store().deleteConversation(owner, ids[60]!);
          await store().appendMessage(owner, ids[80]!, aMessage("used", { createdAt: at(900) }));
        }
        assert.deepEqual(
          seen,
          ids.filter((id) => id !== ids[60]),
        );
      }
    });

    test("each comes with its messages, replies in progress left out", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(
        owner,
        aConversation(),
        Array.from({ length: 1_100 }, (_, place) => aMessage(`message ${place}`)),
      );
      await store().beginTurn(owner, aTurn(inExisting(id), "unanswered"));
      for (const order of ["newest", "pinned"] as const) {
        const [conversation] = await Array.fromAsync(
          store().iterateConversations(owner, { order }),
        );
        const { messages, ...rest } = conversation!;
        assert.deepEqual(rest, await store().getConversation(owner, id));
        assert.deepEqual(messages, await store().listMessages(owner, id));
        assert.equal(messages.length, 1_101);
        assert.equal(messages.at(-1)?.content, "unanswered");
      }
    });

    test("another owner's are left out, and the event loop goes on meanwhile", async () => {
      const owner = newOwner();
      await manyConversations(owner);
      for (const stranger of strangersTo(owner))
        for (const order of ["newest", "pinned"] as const)
          assert.deepEqual(await idsOf(stranger, { order }), []);
      let turns = 0;
      let isOver = false;
      const count = () => {
        turns++;
        if (!isOver) setImmediate(count);
      };
      setImmediate(count);
      await idsOf(owner, { order: "newest" });
      isOver = true;
      assert.ok(turns >= 3, `the event loop turned ${turns} times`);
    });
  });
}
