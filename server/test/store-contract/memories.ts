import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { MAX_MEMORIES, type Memory } from "../../src/domain/memory.ts";
import { at, newOwner, type OpenStore, sharedStore, strangersTo, withCode } from "./fixtures.ts";
import { aProfile } from "./profiles.ts";

export const aMemory = (given: Partial<Memory> = {}): Memory => ({
  id: randomUUID(),
  text: "Has two cats – 😀",
  createdAt: at(0),
  updatedAt: at(1),
  ...given,
});

export function memoryContract(open: OpenStore): void {
  describe("memories", () => {
    const store = sharedStore(open);

    test("memories come back as they were given, in their order, are changed, and go", async () => {
      const owner = newOwner();
      const [later, first] = [aMemory({ createdAt: at(5) }), aMemory()];
      for (const memory of [later, first])
        assert.deepEqual(await store().createMemory(owner, memory), memory);
      assert.deepEqual(await store().listMemories(owner), [first, later]);
      assert.deepEqual(await store().getMemory(owner, first.id), first);
      const again = { ...first, text: "Something else" };
      assert.deepEqual(await store().createMemory(owner, again), first, "its id is known");
      const change = { id: first.id, text: "Has a dog", updatedAt: at(9) };
      const changed = { ...first, ...change };
      assert.deepEqual(await store().changeMemory(owner, change), changed);
      assert.equal(await store().changeMemory(owner, { ...change, id: randomUUID() }), null);
      assert.equal(await store().deleteMemory(owner, later.id), true);
      assert.equal(await store().deleteMemory(owner, later.id), false);
      assert.deepEqual(await store().listMemories(owner), [changed]);
      await store().createMemory(owner, aMemory());
      assert.equal(await store().deleteMemories(owner), 2);
      assert.equal(await store().deleteMemories(owner), 0);
      assert.deepEqual(await store().listMemories(owner), []);
    });

    test("a memory is its owner's alone, and a repeated key gives the one that it made", async () => {
      const owner = newOwner();
      const memory = aMemory();
      const key = { key: "again", fingerprint: "a memory" };
      await store().createMemory(owner, memory, key);
      assert.deepEqual(await store().createMemory(owner, aMemory(), key), memory);
      for (const stranger of strangersTo(owner)) {
        assert.deepEqual(await store().listMemories(stranger), []);
        assert.equal(await store().getMemory(stranger, memory.id), null);
        assert.equal(await store().changeMemory(stranger, { ...memory, text: "Mine" }), null);
        assert.equal(await store().deleteMemory(stranger, memory.id), false);
        assert.equal(await store().deleteMemories(stranger), 0);
        await store().switchMemory(stranger, true, at(2));
      }
      assert.deepEqual(await store().listMemories(owner), [memory]);
      assert.equal(await store().getProfile(owner), null);
    });

    test("an owner has a bounded number of memories", async () => {
      const owner = newOwner();
      const all = Array.from({ length: MAX_MEMORIES }, () => aMemory());
      await store().importRecords(all.map((memory) => ({ type: "memory", owner, memory })));
      await assert.rejects(store().createMemory(owner, aMemory()), withCode("conflict"));
      await store().deleteMemory(owner, all[0]?.id ?? "");
      await store().createMemory(owner, aMemory());
    });

    test("switching memory changes no instructions, and new instructions do not switch it", async () => {
      const owner = newOwner();
      await store().switchMemory(owner, true, at(1));
      const switched = { instructions: "", areInstructionsOn: true, updatedAt: at(1) };
      assert.deepEqual(await store().getProfile(owner), { ...switched, isMemoryOn: true });
      await store().putProfile(owner, aProfile());
      assert.deepEqual(await store().getProfile(owner), { ...aProfile(), isMemoryOn: true });
      await store().switchMemory(owner, false, at(5));
      assert.deepEqual(await store().getProfile(owner), aProfile());
      await store().switchMemory(owner, true, at(6));
      await store().putProfile(owner, null);
      assert.equal((await store().getProfile(owner))?.isMemoryOn, true);
      await store().switchMemory(owner, false, at(7));
      assert.equal(await store().getProfile(owner), null);
    });
  });
}
