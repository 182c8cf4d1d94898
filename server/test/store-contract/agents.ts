import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Agent } from "../../src/domain/agent.ts";
import { at, newOwner, type OpenStore, sharedStore, strangersTo, withCode } from "./fixtures.ts";

export const anAgent = (id: string, given: Partial<Agent> = {}): Agent => ({
  id,
  name: `Agent ${id}`,
  instructions: "Be brief.",
  model: null,
  temperature: null,
  voice: null,
  tools: null,
  createdAt: at(0),
  updatedAt: at(0),
  ...given,
});

export function agentContract(open: OpenStore): void {
  describe("agents", () => {
    const store = sharedStore(open);

    test("an agent comes back as it was given", async () => {
      const owner = newOwner();
      const full = anAgent("full", { model: "m", temperature: 0.7, voice: "v", updatedAt: at(5) });
      for (const agent of [full, anAgent("bare"), anAgent("cold", { temperature: 0 })]) {
        assert.deepEqual(await store().createAgent(owner, agent), agent);
        assert.deepEqual(await store().getAgent(owner, agent.id), agent);
      }
      const ids = (await store().listAgents(owner)).map(({ id }) => id);
      assert.deepEqual(ids.sort(), ["bare", "cold", "full"]);
    });

    test("an id that the owner has is a conflict; another owner may have it too", async () => {
      const owner = newOwner();
      const agent = anAgent("one");
      await store().createAgent(owner, agent);
      await assert.rejects(
        store().createAgent(owner, anAgent("one", { name: "Other" })),
        withCode("conflict"),
      );
      assert.deepEqual(await store().getAgent(owner, "one"), agent);
      for (const stranger of strangersTo(owner)) {
        assert.equal(await store().getAgent(stranger, "one"), null);
        assert.equal(await store().replaceAgent(stranger, agent), null);
        assert.equal(await store().deleteAgent(stranger, "one"), false);
        assert.deepEqual(await store().listAgents(stranger), []);
        await store().createAgent(stranger, anAgent("one", { name: "Mine" }));
      }
      assert.deepEqual(await store().listAgents(owner), [agent]);
    });

    test("replacing and deleting", async () => {
      const owner = newOwner();
      await store().createAgent(owner, anAgent("one", { model: "m" }));
      const changed = anAgent("one", { name: "New", temperature: 2, updatedAt: at(9) });
      assert.deepEqual(await store().replaceAgent(owner, changed), changed);
      assert.deepEqual(await store().getAgent(owner, "one"), changed);
      assert.equal(await store().replaceAgent(owner, anAgent("two")), null);
      assert.equal(await store().deleteAgent(owner, "one"), true);
      assert.equal(await store().deleteAgent(owner, "one"), false);
      assert.equal(await store().getAgent(owner, "one"), null);
    });
  });
}
