import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { startOf } from "../../src/domain/branches.ts";
import type { BrowserSession } from "../../src/domain/browser-session.ts";
import { attachmentOf } from "../../src/domain/file.ts";
import type { Invitation } from "../../src/domain/invitation.ts";
import { documentOf, NOT_GENERATED } from "../../src/domain/message.ts";
import { type Owner, ownerOf } from "../../src/domain/principal.ts";
import type { ArchiveRecord, NewRecord } from "../../src/ports/archive.ts";
import type { Store } from "../../src/ports/store.ts";
import { anAgent } from "./agents.ts";
import { aFile } from "./files.ts";
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
  strangersTo,
} from "./fixtures.ts";
import { aKey } from "./keys.ts";
import { aMemory } from "./memories.ts";
import { EVERY_PART } from "./parts.ts";
import { aProfile } from "./profiles.ts";
import { aProject } from "./projects.ts";
import { aPrompt } from "./prompts.ts";

const anInvitation = (owner: Owner, given: Partial<Invitation> = {}): Invitation => ({
  ...owner,
  id: randomUUID(),
  hash: createHash("sha256").update(randomUUID()).digest("hex"),
  name: "Bob",
  invitedBy: "Ann",
  isOperator: false,
  models: null,
  sessionMs: 5_000,
  createdAt: at(0),
  expiresAt: at(9),
  acceptedAt: null,
  ...given,
});

const aSessionBy = (invitation: Invitation): BrowserSession => ({
  ...ownerOf(invitation),
  id: randomUUID(),
  hash: createHash("sha256").update(randomUUID()).digest("hex"),
  issuer: null,
  subject: null,
  providerSession: null,
  invitationId: invitation.id,
  isOperator: invitation.isOperator,
  models: invitation.models,
  createdAt: at(3),
  expiresAt: at(8),
});

export function archiveContract(open: OpenStore): void {
  describe("archive", () => {
    const exported = (store: Store) => Array.fromAsync(store.exportRecords());

    /** Two owners' things, one of everything, and a reply in progress. */
    async function fill(store: Store) {
      const owner = newOwner();
      const file = aFile();
      for (const who of [owner, ...strangersTo(owner)]) {
        await store.createAgent(who, anAgent("one", { temperature: 0.5 }));
        await store.putProfile(who, aProfile({ areInstructionsOn: false }));
        await store.switchMemory(who, true, at(6));
        await store.createMemory(who, aMemory());
        await store.createPrompt(who, aPrompt());
        await store.createFile(who, file, null);
        const project = aProject({ attachments: [attachmentOf(file)] });
        await store.createProject(who, project);
        const given = aConversation({
          ...{ alias: "session", isPinned: true, title: "T", mode: "m", projectId: project.id },
        });
        await store.createConversation(who, given, [aMessage("😀 first"), aMessage("second")]);
        await completeTurn(store, who, given.id, "question", "answer");
        const failed = begun(await store.beginTurn(who, aTurn(inExisting(given.id))));
        await store.finishReply(
          who,
          failed.reply.id,
          anEnding("partly", {
            status: "failed",
            reasoning: "hm",
            reasoningMs: 40,
            error: { code: "rate_limited", message: "Too much" },
          }),
        );
        const ofParts = begun(await store.beginTurn(who, aTurn(inExisting(given.id))));
        await store.finishReply(who, ofParts.reply.id, anEnding("", documentOf(EVERY_PART)));
        await store.beginTurn(who, aTurn(inExisting(given.id), "unanswered"));
        await store.updateConversation(who, given.id, { isArchived: true, updatedAt: at(5) });
      }
      await store.createConversation(
        owner,
        aConversation({ createdAt: at(99) }),
        Array.from({ length: 1_200 }, (_, place) => aMessage(`${place}`)),
      );
      const key = aKey({ actAs: true });
      await store.createKey(key);
      await store.revokeKey(key.id, at(4));
      const [accepted, open] = [anInvitation(owner), anInvitation(owner, { models: ["a/*"] })];
      for (const invitation of [accepted, open]) await store.createInvitation(invitation, "test");
      await store.acceptInvitation(accepted.hash, aSessionBy(accepted), "127.0.0.1");
      return owner;
    }

    test("what is exported can be imported elsewhere, and is the same", async () => {
      const [from, to] = [await open(), await open()];
      try {
        const owner = await fill(from);
        const records = await exported(from);
        assert.equal(await to.isClaimed(), false);
        const taken: boolean[] = [];
        for (let start = 0; start < records.length; start += 100)
          taken.push(...(await to.importRecords(records.slice(start, start + 100))));
        assert.deepEqual(
          taken,
          records.map(() => true),
        );
        assert.deepEqual(await exported(to), records);
        assert.equal(await to.isClaimed(), true);
        for (const order of ["newest", "pinned"] as const)
          assert.deepEqual(
            await Array.fromAsync(to.iterateConversations(owner, { order })),
            await Array.fromAsync(from.iterateConversations(owner, { order })),
          );
        const search = () => to.search(owner, "question", { limit: 9, offset: 0 });
        let found = await search();
        // A search answers from what is indexed so far.
        while (found.isIndexing) found = await search();
        assert.equal(found.hits.length, 1);
      } finally {
        await Promise.all([from.close(), to.close()]);
      }
    });

    test("the counts are those of what is exported", async () => {
      const store = await open();
      try {
        await fill(store);
        const counts = {
          ...{ key: 0, agent: 0, profile: 0, prompt: 0, memory: 0, project: 0 },
          ...{ invitation: 0, conversation: 0, message: 0, file: 0 },
        };
        for (const { type } of await exported(store)) counts[type]++;
        assert.deepEqual(counts, {
          ...{ key: 1, agent: 3, profile: 3, prompt: 3, memory: 3, project: 3, conversation: 4 },
          ...{ invitation: 2, message: 1_200 + 3 * 9, file: 3 },
        });
        assert.deepEqual(await store.countRecords(), counts);
      } finally {
        await store.close();
      }
    });

    test("an invitation that is imported claims the store, is over where it was accepted, and takes nobody's place", async () => {
      const store = await open();
      try {
        const owner = newOwner();
        const invitation = anInvitation(owner, { isOperator: true, models: ["a/*"] });
        const accepted = { ...invitation, acceptedAt: at(3) };
        const sameId = { ...anInvitation(owner), id: invitation.id, acceptedAt: at(3) };
        const put = (...given: Invitation[]) =>
          store.importRecords(given.map((one) => ({ type: "invitation", invitation: one })));
        assert.deepEqual(await put(invitation, invitation, sameId), [true, false, false]);
        assert.equal(await store.isClaimed(), true);
        assert.deepEqual(await store.findOpenInvitation(invitation.hash, at(4)), invitation);
        assert.deepEqual(await put(accepted, accepted, invitation), [true, false, false]);
        assert.equal(await store.findOpenInvitation(invitation.hash, at(4)), null);
        assert.deepEqual(await store.findInvitationByHash(invitation.hash), accepted);
        assert.equal(await store.findInvitationByHash(sameId.hash), null);
        assert.deepEqual(await store.listInvitations(at(4)), []);
        assert.deepEqual(await store.invitedUsers(), [owner]);
      } finally {
        await store.close();
      }
    });

    test("a file that is imported is there for the messages of its owner that were sent with it", async () => {
      const store = await open();
      try {
        const [file, other] = [aFile(), aFile()];
        const owner = newOwner();
        const owners = [owner, ...strangersTo(owner)];
        const attachments = [file, other].map((one) => ({
          ...attachmentOf(one),
          isDeleted: true as const,
        }));
        const ids = new Map<Owner, string>();
        for (const who of owners) {
          const { id } = await store.createConversation(who, aConversation(), []);
          const turn = begun(await store.beginTurn(who, aTurn(inExisting(id))));
          await store.finishReply(who, turn.reply.id, anEnding("answer"));
          const given = { ...turn.userMessage, id: randomUUID(), sequence: 2, attachments };
          assert.deepEqual(
            await store.importRecords([{ type: "message", owner: who, message: given }]),
            [true],
          );
          ids.set(who, given.id);
        }
        const record = { type: "file", owner, file } as const;
        assert.deepEqual(await store.importRecords([record, record]), [true, false]);
        for (const who of owners) {
          const stored = await store.getMessage(who, ids.get(who) ?? "");
          assert.deepEqual(stored?.attachments, [
            who === owner ? attachmentOf(file) : attachments[0],
            attachments[1],
          ]);
        }
        assert.deepEqual(await store.getFile(owner, file.id), file);
        await store.forgetUnusedFiles(at(10));
        assert.notEqual(await store.getFile(owner, file.id), null, "a message has it");
      } finally {
        await store.close();
      }
    });

    test("messages come after their conversation, in sequence", async () => {
      const store = await open();
      try {
        await fill(store);
        let place: { id: string; sequence: number } | undefined;
        for (const record of await exported(store))
          if (record.type === "conversation") place = { id: record.conversation.id, sequence: -1 };
          else if (record.type === "message") {
            assert.equal(record.message.conversationId, place?.id);
            assert.ok(record.message.sequence > place!.sequence);
            place!.sequence = record.message.sequence;
          }
      } finally {
        await store.close();
      }
    });

    test("what is there already is passed over, and an imported conversation goes on", async () => {
      const store = await open();
      try {
        const owner = await fill(store);
        const records = await exported(store);
        const again = await store.importRecords(records);
        assert.ok(again.every((taken) => !taken));
        assert.deepEqual(await exported(store), records);

        const { record, message } = aForeignConversation(owner);
        assert.deepEqual(await store.importRecords([record, message]), [true, true]);
        const { id } = record.conversation;
        const turn = begun(await store.beginTurn(owner, aTurn(inExisting(id))));
        assert.ok(turn.userMessage.sequence > message.message.sequence);
      } finally {
        await store.close();
      }
    });

    test("an imported conversation gets branches later, and another branch of the same number is not mistaken for one", async () => {
      const store = await open();
      try {
        const owner = newOwner();
        const { record, message } = aForeignConversation(owner);
        const { id } = record.conversation;
        const said = (sequence: number, growth?: NewRecord["growth"]): NewRecord => ({
          ...message,
          message: { ...message.message, id: randomUUID(), sequence },
          ...(growth && { growth }),
        });
        const idsOf = async (branch?: number) =>
          (await store.listMessages(owner, id, branch === undefined ? {} : { branch }))?.map(
            (it) => it.sequence,
          );
        const begun = { branch: 1, parent: 0, fork: 1 };
        await store.importRecords([record, said(0), said(1)]);
        assert.deepEqual(
          await store.importRecords([
            said(startOf(1), { begun, isShown: false }),
            said(startOf(1) + 1, { begun, isShown: false }),
          ]),
          [true, true],
        );
        assert.deepEqual(await idsOf(), [0, 1], "the active branch stays");
        assert.deepEqual(await idsOf(1), [0, startOf(1), startOf(1) + 1]);
        // Something else has begun a branch of that number in the meantime.
        const other = { branch: 1, parent: 0, fork: 0 };
        const missing = { branch: 3, parent: 0, fork: 0 };
        assert.deepEqual(
          await store.importRecords([
            said(startOf(1), { begun: other, isShown: true }),
            said(startOf(1) + 5, { begun: other, isShown: true }),
            said(startOf(3), { begun: missing, isShown: true }),
            said(startOf(3) + 1, { begun: missing, isShown: true }),
            said(startOf(2)),
          ]),
          [false, false, false, false, false],
        );
        assert.deepEqual(await idsOf(1), [0, startOf(1), startOf(1) + 1]);
        assert.deepEqual(
          await store.importRecords([said(startOf(1) + 2, { begun: null, isShown: true })]),
          [true],
        );
        assert.deepEqual(await idsOf(), [0, startOf(1), startOf(1) + 1, startOf(1) + 2]);
        const conversation = await store.getConversation(owner, id);
        assert.deepEqual([conversation?.activeBranch, conversation?.nextBranch], [1, 2]);
        const next = await store.appendMessage(owner, id, aMessage("goes on"));
        assert.equal(next?.sequence, startOf(1) + 3);
      } finally {
        await store.close();
      }
    });

    test("a message whose conversation is missing, or is another owner's, and a reply in progress, is passed over", async () => {
      const store = await open();
      try {
        const owner = newOwner();
        const { record, message } = aForeignConversation(owner);
        const [stranger] = strangersTo(owner);
        assert.deepEqual(await store.importRecords([message]), [false]);
        const taken = await store.importRecords([
          record,
          { ...message, owner: stranger! },
          message,
          { ...message, message: { ...message.message, sequence: 99 } },
          {
            ...message,
            message: { ...message.message, id: "in progress", sequence: 99, status: "streaming" },
          },
        ]);
        assert.deepEqual(taken, [true, false, true, false, false]);
        assert.equal(await store.getMessage(stranger!, message.message.id), null);
        assert.deepEqual(await store.getMessage(owner, message.message.id), message.message);
      } finally {
        await store.close();
      }
    });
  });
}

function aForeignConversation(owner: ReturnType<typeof newOwner>) {
  const given = aConversation({ alias: "from elsewhere" });
  const record: Extract<ArchiveRecord, { type: "conversation" }> = {
    type: "conversation",
    owner,
    conversation: {
      ...given,
      userId: owner.userId,
      activeBranch: 0,
      nextBranch: 1,
      updatedAt: at(7),
    },
    branches: [],
  };
  const message: Extract<ArchiveRecord, { type: "message" }> = {
    type: "message",
    owner,
    message: {
      ...aMessage("imported"),
      conversationId: given.id,
      sequence: 41,
      status: "interrupted",
      ...NOT_GENERATED,
      finishedAt: null,
    },
  };
  return { record, message };
}
