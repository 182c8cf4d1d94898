// What every conversation lock promises (ports/conversation-lock.ts), tried on one of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConversationLock } from "../src/ports/conversation-lock.ts";

export type LockSubject = AsyncDisposable & {
  /** Of two replicas; the same one twice for a server that runs alone. */
  readonly locks: readonly [ConversationLock, ConversationLock];
};

export function conversationLockContract(
  name: string,
  open: () => Promise<LockSubject>,
  skip: () => string | false = () => false,
): void {
  describe(`conversation lock: ${name}`, { skip: skip() }, () => {
    test("the first goes ahead at once, the others in the order of arrival", async () => {
      await using subject = await open();
      const [a, b] = subject.locks;
      const told: number[] = [];
      const turnstiles = [];
      for (const [index, lock] of [a, b, b, a, b].entries()) {
        const turnstile = lock.enter("c");
        assert.equal(await turnstile.isFirst, index === 0);
        void turnstile.ready.then(() => told.push(index));
        turnstiles.push(turnstile);
      }
      for (const [index, turnstile] of turnstiles.entries()) {
        await turnstile.ready;
        await new Promise(setImmediate);
        assert.deepEqual(told, [...turnstiles.keys()].slice(0, index + 1));
        turnstile.leave();
      }
      const next = b.enter("c");
      await next.ready;
      next.leave();
    });

    test("whoever leaves without having been ready lets the others by", async () => {
      await using subject = await open();
      const [a, b] = subject.locks;
      const first = a.enter("c");
      await first.ready;
      const second = b.enter("c");
      assert.equal(await second.isFirst, false);
      const third = a.enter("c");
      assert.equal(await third.isFirst, false);
      second.leave();
      first.leave();
      await third.ready;
      third.leave();
    });

    test("conversations do not wait for each other", async () => {
      await using subject = await open();
      const [a, b] = subject.locks;
      const turnstiles = [a.enter("one"), b.enter("two"), a.enter("three")];
      for (const turnstile of turnstiles) {
        assert.equal(await turnstile.isFirst, true);
        await turnstile.ready;
      }
      for (const turnstile of turnstiles) turnstile.leave();
    });

    test("never two at a time, however many come", async () => {
      await using subject = await open();
      const inside = new Map<string, number>();
      const served: string[] = [];
      const turns = Array.from({ length: 200 }, async (_, index) => {
        const id = `c${index % 3}`;
        const turnstile = subject.locks[index % 2]!.enter(id);
        await turnstile.ready;
        assert.equal(inside.get(id) ?? 0, 0);
        inside.set(id, 1);
        await new Promise(setImmediate);
        inside.set(id, 0);
        served.push(id);
        turnstile.leave();
      });
      await Promise.all(turns);
      assert.equal(served.length, 200);
    });
  });
}
