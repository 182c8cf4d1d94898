import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Owner } from "../../src/domain/principal.ts";
import { newOwner, type OpenStore, sharedStore } from "./fixtures.ts";

export function budgetContract(open: OpenStore): void {
  describe("budgets", () => {
    const store = sharedStore(open);
    const reserve = (
      owner: Owner,
      tokens: number,
      limits: { user?: number; tenant?: number },
      day = 20_000,
    ) =>
      store().reserveTokens(owner, {
        day,
        sure: tokens,
        likely: 1,
        answer: 0,
        leastAnswer: 0,
        userLimit: limits.user ?? null,
        tenantLimit: limits.tenant ?? null,
      });

    test("tokens are reserved until the limit is reached, each day anew", async () => {
      const owner = newOwner();
      assert.equal(await reserve(owner, 60, { user: 100 }), 0);
      assert.equal(await reserve(owner, 60, { user: 100 }), 0, "the last may go over it");
      assert.equal(await reserve(owner, 1, { user: 100 }), "user");
      assert.equal(await reserve(owner, 60, { user: 100 }, 20_001), 0);
      assert.equal(await reserve({ ...owner, userId: "other" }, 60, { user: 100 }), 0);
    });

    test("what was not used is given back, what was used beyond is taken", async () => {
      const owner = newOwner();
      await reserve(owner, 100, { user: 100 });
      await store().settleTokens(owner, { day: 20_000, difference: -70 });
      assert.equal(await reserve(owner, 10, { user: 100 }), 0);
      await store().settleTokens(owner, { day: 20_000, difference: 60 });
      assert.equal(await reserve(owner, 1, { user: 100 }), "user");
    });

    test("users share what their tenant has; who is refused by one has nothing taken of the other", async () => {
      const ann = newOwner();
      const bob = { ...ann, userId: "bob" };
      const limits = { user: 100, tenant: 150 };
      assert.equal(await reserve(ann, 100, limits), 0);
      assert.equal(await reserve(ann, 100, limits), "user");
      assert.equal(await reserve(bob, 60, limits), 0);
      assert.equal(await reserve(bob, 10, limits), "tenant");
      await store().settleTokens(bob, { day: 20_000, difference: -20 });
      assert.equal(await reserve(bob, 10, limits), 0);
    });

    test("of many at once no more are let in than there is room for", async () => {
      const tenant = newOwner();
      const asked = Array.from({ length: 100 }, (_, index) =>
        reserve({ ...tenant, userId: `user-${index % 7}` }, 10, { user: 1000, tenant: 250 }),
      );
      const answers = await Promise.all(asked);
      assert.equal(answers.filter((answer) => answer === 0).length, 25);
    });

    test("an answer gets what is left, of whoever has less; too little is refused and takes nothing", async () => {
      const ann = newOwner();
      const ask = (answer: number, user: number, tenant: number | null) =>
        store().reserveTokens(ann, {
          day: 20_000,
          sure: 30,
          likely: 10,
          answer,
          leastAnswer: 5,
          userLimit: user,
          tenantLimit: tenant,
        });
      assert.equal(await ask(50, 100, null), 50, "80 are reserved");
      assert.equal(await ask(50, 100, null), 10, "20 were left, the prompt is likely to take 10");
      assert.equal(await ask(50, 100, null), "user", "120 are reserved");
      assert.equal(await ask(50, 200, 40), 30, "the tenant's row counts from here: 60 of 40");
      assert.equal(await ask(50, 200, 40), "tenant");
      assert.equal(await ask(0, 200, 200), 0);
      assert.equal(await ask(50, 200, 200), "user", "and the tenant gets its part back");
      await store().settleTokens(ann, { day: 20_000, difference: -90 });
      assert.equal(await ask(150, 200, 200), 70, "of the user 120 are used, of the tenant none");
    });

    test("days that are over can be forgotten", async () => {
      const owner = newOwner();
      await reserve(owner, 100, { user: 100 }, 10);
      await reserve(owner, 100, { user: 100 }, 11);
      await store().forgetTokenUsage(11);
      assert.equal(await reserve(owner, 1, { user: 100 }, 10), 0);
      assert.equal(await reserve(owner, 1, { user: 100 }, 11), "user");
    });
  });
}
