import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import type { AuditEvent } from "../../src/domain/audit.ts";
import { anAgent } from "./agents.ts";
import {
  aConversation,
  aMessage,
  aTurn,
  at,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
} from "./fixtures.ts";
import { aKey } from "./keys.ts";
import { aMemory } from "./memories.ts";
import { aProject } from "./projects.ts";
import { aPrompt } from "./prompts.ts";

const anEvent = (given: Partial<AuditEvent> = {}): AuditEvent => ({
  at: at(0),
  action: "refused",
  tenantId: null,
  userId: null,
  actor: null,
  address: "203.0.113.7",
  about: null,
  reason: "unauthenticated",
  count: 1,
  ...given,
});

export function auditContract(open: OpenStore): void {
  describe("audit log", () => {
    const store = sharedStore(open);

    test("events come back as they were given, newest first, page by page", async () => {
      const full = anEvent({
        tenantId: "t",
        userId: "mária",
        actor: "key 1",
        about: "x",
        count: 2 ** 40,
      });
      const events = [full, anEvent({ at: at(1) }), anEvent({ at: at(2), address: null })];
      await store().appendAuditEvents(events);
      const listed = await store().listAuditEvents({ limit: 3 });
      const plain = listed.map(({ number, ...event }) => event);
      assert.deepEqual(plain, events.toReversed());
      const [newest] = await store().listAuditEvents({ limit: 1 });
      const older = await store().listAuditEvents({ limit: 2, before: newest?.number ?? 0 });
      assert.deepEqual(older, listed.slice(1));
    });

    test("a sign-in is noted once for each credential", async () => {
      const about = randomUUID();
      const signIn = anEvent({ action: "signed_in", about, reason: null });
      await store().appendAuditEvents([signIn, signIn]);
      await store().appendAuditEvents([
        { ...signIn, at: at(9) },
        { ...signIn, about: "another" },
      ]);
      const all = await store().listAuditEvents({ limit: 100 });
      assert.equal(all.filter((event) => event.about === about).length, 1);
      assert.equal(all.filter((event) => event.about === "another").length, 1);
    });

    test("keys and deletions are noted in the same breath, and only what really happened", async () => {
      const owner = newOwner();
      const key = aKey({ ...owner });
      await store().createKey(key, "key of an operator");
      await store().revokeKey(key.id, at(5));
      await store().revokeKey(key.id, at(6));
      await store().revokeKey("unknown", at(6));
      const conversation = aConversation();
      const message = aMessage("Hello");
      await store().createConversation(owner, conversation, [message]);
      const changed = aConversation();
      const [kept, edited] = [aMessage("Kept"), aMessage("To be replaced")];
      await store().createConversation(owner, changed, [kept, edited]);
      await store().createAgent(owner, anAgent("agent"));
      const prompt = await store().createPrompt(owner, aPrompt());
      const memory = await store().createMemory(owner, aMemory());
      for (let more = 0; more < 2; more++) await store().createMemory(owner, aMemory());
      const project = await store().createProject(owner, aProject());
      const stamp = { at: at(7), actor: "this machine" };
      const stranger = { ...owner, userId: "stranger" };
      for (const who of [stranger, owner, owner]) {
        const target = { ...inExisting(changed.id), replaceFrom: edited.id, actor: "key editor" };
        await store().beginTurn(who, { ...aTurn(target) });
        const patch = { messages: [kept], updatedAt: at(7) };
        await store().updateConversation(who, changed.id, patch, stamp);
        await store().deleteMessage(who, message.id, stamp);
        await store().deleteConversation(who, conversation.id, stamp);
        await store().deleteAgent(who, "agent", stamp);
        await store().deletePrompt(who, prompt.id, stamp);
        await store().deleteMemory(who, memory.id, stamp);
        await store().deleteMemories(who, stamp);
        await store().deleteProject(who, project.id, stamp);
      }
      const noted = (await store().listAuditEvents({ limit: 100 }))
        .filter(({ tenantId }) => tenantId === owner.tenantId)
        .map(({ action, about, actor, userId, count }) => [action, about, actor, userId, count]);
      assert.deepEqual(noted.toReversed(), [
        ["key_created", key.id, "key of an operator", owner.userId, 1],
        ["key_revoked", key.id, "command line", owner.userId, 1],
        ["messages_replaced", changed.id, "key editor", owner.userId, 1],
        ["messages_replaced", changed.id, "this machine", owner.userId, 2],
        ["message_deleted", message.id, "this machine", owner.userId, 1],
        ["conversation_deleted", conversation.id, "this machine", owner.userId, 1],
        ["agent_deleted", "agent", "this machine", owner.userId, 1],
        ["prompt_deleted", prompt.id, "this machine", owner.userId, 1],
        ["memory_deleted", memory.id, "this machine", owner.userId, 1],
        ["memory_deleted", null, "this machine", owner.userId, 2],
        ["project_deleted", project.id, "this machine", owner.userId, 1],
      ]);
    });
  });
}
