import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { MAX_PROMPTS, type SavedPrompt } from "../../src/domain/saved-prompt.ts";
import { at, newOwner, type OpenStore, sharedStore, strangersTo, withCode } from "./fixtures.ts";

export const aPrompt = (given: Partial<SavedPrompt> = {}): SavedPrompt => ({
  id: randomUUID(),
  name: "Trip – 😀",
  text: "Three days in {{city}}\n",
  createdAt: at(0),
  updatedAt: at(1),
  ...given,
});

export function promptContract(open: OpenStore): void {
  describe("prompts", () => {
    const store = sharedStore(open);

    test("prompts come back as they were given, in their order, are replaced, and go", async () => {
      const owner = newOwner();
      const [later, first] = [aPrompt({ createdAt: at(5) }), aPrompt()];
      for (const prompt of [later, first])
        assert.deepEqual(await store().createPrompt(owner, prompt), prompt);
      assert.deepEqual(await store().listPrompts(owner), [first, later]);
      assert.deepEqual(await store().getPrompt(owner, first.id), first);
      const change = { id: first.id, name: "N", text: "T", updatedAt: at(9) };
      const changed = { ...first, ...change };
      assert.deepEqual(await store().replacePrompt(owner, change), changed);
      assert.deepEqual(await store().listPrompts(owner), [changed, later]);
      assert.equal(await store().replacePrompt(owner, { ...change, id: randomUUID() }), null);
      assert.equal(await store().deletePrompt(owner, first.id), true);
      assert.equal(await store().deletePrompt(owner, first.id), false);
      assert.deepEqual(await store().listPrompts(owner), [later]);
    });

    test("a prompt is its owner's alone, and a repeated key gives the one that it made", async () => {
      const owner = newOwner();
      const prompt = aPrompt();
      const key = { key: "again", fingerprint: "a prompt" };
      await store().createPrompt(owner, prompt, key);
      assert.deepEqual(await store().createPrompt(owner, aPrompt(), key), prompt);
      for (const stranger of strangersTo(owner)) {
        assert.deepEqual(await store().listPrompts(stranger), []);
        assert.equal(await store().getPrompt(stranger, prompt.id), null);
        assert.equal(await store().replacePrompt(stranger, { ...prompt, name: "Mine" }), null);
        assert.equal(await store().deletePrompt(stranger, prompt.id), false);
      }
      assert.deepEqual(await store().listPrompts(owner), [prompt]);
    });

    test("an owner has a bounded number of prompts", async () => {
      const owner = newOwner();
      const all = Array.from({ length: MAX_PROMPTS }, () => aPrompt());
      await store().importRecords(all.map((prompt) => ({ type: "prompt", owner, prompt })));
      await assert.rejects(store().createPrompt(owner, aPrompt()), withCode("conflict"));
      await store().deletePrompt(owner, all[0]?.id ?? "");
      await store().createPrompt(owner, aPrompt());
    });
  });
}
