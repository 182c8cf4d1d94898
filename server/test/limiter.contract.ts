// What every limiter promises (ports/limiter.ts), tried on one of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Limiter } from "../src/ports/limiter.ts";

export type LimiterSubject = AsyncDisposable & {
  /** Of two replicas; the same one twice for a server that runs alone. */
  readonly limiters: readonly [Limiter, Limiter];
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export function limiterContract(
  name: string,
  open: () => Promise<LimiterSubject>,
  skip: () => string | false = () => false,
): void {
  describe(`limiter: ${name}`, { skip: skip() }, () => {
    test("exactly as many as the limit says are allowed, however many come at once", async () => {
      await using subject = await open();
      const windows = [{ limit: 100, windowMs: MINUTE_MS }];
      const states = await Promise.all(
        Array.from({ length: 400 }, (_, index) =>
          subject.limiters[index % 2]!.consume("k", windows),
        ),
      );
      assert.equal(states.filter(({ allowed }) => allowed).length, 100);
    });

    test("what is left and how long it takes is of the tightest window", async () => {
      await using subject = await open();
      const [limiter, other] = subject.limiters;
      const windows = [
        { limit: 3, windowMs: MINUTE_MS },
        { limit: 4, windowMs: HOUR_MS },
      ];
      const first = await limiter.consume("k", windows);
      assert.deepEqual([first.allowed, first.limit, first.remaining], [true, 3, 2]);
      assert.ok(first.resetMs > MINUTE_MS - 5000 && first.resetMs <= MINUTE_MS, `${first.resetMs}`);
      await other.consume("k", windows);
      assert.equal((await limiter.consume("k", windows)).remaining, 0);
      const refused = await other.consume("k", windows);
      assert.deepEqual([refused.allowed, refused.limit, refused.remaining], [false, 3, 0]);
      const alone = await limiter.consume("other key", windows);
      assert.equal(alone.remaining, 2);
    });

    test("a use that is refused counts against no window", async () => {
      await using subject = await open();
      const [limiter, other] = subject.limiters;
      const minute = { limit: 2, windowMs: MINUTE_MS };
      const hour = { limit: 4, windowMs: HOUR_MS };
      for (let use = 0; use < 2; use++) await limiter.consume("k", [minute, hour]);
      for (let use = 0; use < 5; use++)
        assert.equal((await other.consume("k", [minute, hour])).allowed, false);
      assert.equal((await limiter.consume("k", [hour])).remaining, 1);
    });

    test("without a window there is no limit", async () => {
      await using subject = await open();
      assert.equal((await subject.limiters[0].consume("k", [])).allowed, true);
    });

    test("places that are held are free again when they are given back, and not before", async () => {
      await using subject = await open();
      const [limiter, other] = subject.limiters;
      const attempts = Array.from({ length: 30 }, (_, index) =>
        subject.limiters[index % 2]!.hold("address", 10),
      );
      const held = (await Promise.all(attempts)).filter((release) => release !== null);
      assert.equal(held.length, 10);
      assert.equal(await other.hold("address", 10), null);
      assert.notEqual(await other.hold("another address", 10), null);
      for (const release of held.splice(0, 3)) release();
      const again: (() => void)[] = [];
      while (again.length < 3) {
        const release = await limiter.hold("address", 10);
        if (release) again.push(release);
      }
      assert.equal(await limiter.hold("address", 10), null);
      assert.equal(await other.hold("address", 10), null);
    });
  });
}
