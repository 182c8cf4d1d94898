import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { attachmentOf } from "../../src/domain/file.ts";
import type { Owner } from "../../src/domain/principal.ts";
import { MAX_PROJECTS, type Project } from "../../src/domain/project.ts";
import type { NewRecord } from "../../src/ports/archive.ts";
import { aFile } from "./files.ts";
import {
  aConversation,
  aTurn,
  at,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
  withCode,
} from "./fixtures.ts";

/** Conversations of a project, as an archive has them. */
export const conversationsIn = (owner: Owner, projectId: string, count: number) =>
  Array.from({ length: count }, (_, index): NewRecord => {
    const { userId } = owner;
    const times = { createdAt: at(index), updatedAt: at(index) };
    const conversation = { ...aConversation({ projectId }), ...times, userId };
    const whole = { ...conversation, activeBranch: 0, nextBranch: 1 };
    return { type: "conversation", owner, conversation: whole, branches: [] };
  });

/** More than go in one transaction. */
const MANY = 600;

export const aProject = (given: Partial<Project> = {}): Project => ({
  id: randomUUID(),
  name: "House – 😀",
  instructions: "Metric units\n",
  attachments: [],
  createdAt: at(0),
  updatedAt: at(1),
  ...given,
});

export function projectContract(open: OpenStore): void {
  describe("projects", () => {
    const store = sharedStore(open);

    test("projects come back as they were given, in their order, are changed, and go", async () => {
      const owner = newOwner();
      const [later, first] = [aProject({ createdAt: at(5) }), aProject()];
      for (const project of [later, first])
        assert.deepEqual(await store().createProject(owner, project), project);
      assert.deepEqual(await store().listProjects(owner), [first, later]);
      assert.deepEqual(await store().getProject(owner, first.id), first);
      const named = { ...first, name: "N", updatedAt: at(8) };
      const change = { name: "N", updatedAt: at(8) };
      assert.deepEqual(await store().changeProject(owner, first.id, change), named);
      const changed = { ...named, instructions: "", updatedAt: at(9) };
      assert.deepEqual(
        await store().changeProject(owner, first.id, { instructions: "", updatedAt: at(9) }),
        changed,
      );
      assert.deepEqual(await store().listProjects(owner), [changed, later]);
      assert.equal(await store().changeProject(owner, randomUUID(), change), null);
      assert.equal(await store().deleteProject(owner, first.id), 0);
      assert.equal(await store().deleteProject(owner, first.id), null);
      assert.deepEqual(await store().listProjects(owner), [later]);
    });

    test("a project is its owner's alone, and a repeated key gives the one that it made", async () => {
      const owner = newOwner();
      const project = aProject();
      const key = { key: "again", fingerprint: "a project" };
      await store().createProject(owner, project, key);
      assert.deepEqual(await store().createProject(owner, aProject(), key), project);
      const mine = await store().createConversation(owner, aConversation(), []);
      for (const stranger of strangersTo(owner)) {
        assert.deepEqual(await store().listProjects(stranger), []);
        assert.equal(await store().getProject(stranger, project.id), null);
        const change = { name: "Mine", updatedAt: at(9) };
        assert.equal(await store().changeProject(stranger, project.id, change), null);
        assert.equal(await store().deleteProject(stranger, project.id), null);
        const into = aConversation({ projectId: project.id });
        const target = { kind: "new", conversation: into } as const;
        await assert.rejects(store().createConversation(stranger, into, []), withCode("not_found"));
        await assert.rejects(store().beginTurn(stranger, aTurn(target)), withCode("not_found"));
        assert.equal(await store().getConversation(stranger, into.id), null);
        const query = { limit: 9, offset: 0, projectId: project.id };
        assert.deepEqual(await store().listConversations(stranger, query), { items: [], total: 0 });
      }
      const strange = aProject();
      await store().createProject(newOwner(), strange);
      const move = { projectId: strange.id, updatedAt: at(9) };
      await assert.rejects(store().updateConversation(owner, mine.id, move), withCode("not_found"));
      assert.deepEqual(await store().listProjects(owner), [project]);
    });

    test("the lists of a project, of none and of all are told apart, with their totals", async () => {
      const owner = newOwner();
      const [project, other] = [aProject(), aProject()];
      for (const one of [project, other]) await store().createProject(owner, one);
      const make = async (given: Parameters<typeof aConversation>[0]) =>
        (await store().createConversation(owner, aConversation(given), [])).id;
      const inside = await make({ projectId: project.id, createdAt: at(1) });
      const pinned = await make({ projectId: project.id, isPinned: true, createdAt: at(2) });
      const outside = await make({ createdAt: at(3) });
      const elsewhere = await make({ projectId: other.id, createdAt: at(4) });
      const listed = async (query: object) => {
        const { items, total } = await store().listConversations(owner, {
          ...{ limit: 9, offset: 0 },
          ...query,
        });
        assert.equal(total, items.length);
        return items.map(({ id }) => id);
      };
      assert.deepEqual(await listed({}), [elsewhere, outside, pinned, inside]);
      assert.deepEqual(await listed({ projectId: project.id }), [pinned, inside]);
      assert.deepEqual(await listed({ projectId: project.id, isPinned: false }), [inside]);
      assert.deepEqual(await listed({ projectId: null }), [outside]);
      const before = await store().getConversation(owner, outside);
      const moved = await store().updateConversation(owner, outside, {
        ...{ projectId: project.id, updatedAt: at(99) },
      });
      assert.deepEqual(
        { ...moved, messages: undefined },
        { ...before, projectId: project.id, messages: undefined },
      );
      await store().updateConversation(owner, inside, { isArchived: true, updatedAt: at(99) });
      assert.deepEqual(await listed({ projectId: project.id, isArchived: true }), [inside]);
      assert.deepEqual(await listed({ projectId: project.id, isArchived: false }), [
        outside,
        pinned,
      ]);
      assert.deepEqual(await listed({ projectId: null, isArchived: false }), []);
      assert.equal(await store().deleteProject(owner, project.id), 3);
      assert.deepEqual(await listed({ projectId: null }), [outside, pinned, inside]);
      assert.deepEqual(await listed({ projectId: null, isArchived: true }), [inside]);
      await store().updateConversation(owner, elsewhere, { projectId: null, updatedAt: at(99) });
      assert.equal((await store().getConversation(owner, elsewhere))?.projectId, undefined);
    });

    test("a file stays as long as a project has it, and one that is deleted or imported is marked there", async () => {
      const owner = newOwner();
      const [kept, dropped, deleted] = [aFile(), aFile(), aFile()];
      for (const file of [kept, dropped, deleted]) await store().createFile(owner, file, null);
      const attachments = [kept, dropped, deleted].map(attachmentOf);
      const project = aProject({ attachments });
      await store().createProject(owner, project);
      const isThere = async ({ id }: { id: string }) => (await store().getFile(owner, id)) !== null;
      await store().forgetUnusedFiles(at(1_000));
      for (const file of [kept, dropped, deleted]) assert.equal(await isThere(file), true);

      await store().deleteFile(owner, deleted.id);
      assert.deepEqual((await store().getProject(owner, project.id))?.attachments, [
        ...attachments.slice(0, 2),
        { ...attachmentOf(deleted), isDeleted: true },
      ]);
      assert.equal(
        (await store().importRecords([{ type: "file", owner, file: deleted }]))[0],
        true,
      );
      assert.deepEqual((await store().getProject(owner, project.id))?.attachments, attachments);

      const left = { attachments: [attachmentOf(kept)], updatedAt: at(9) };
      await store().changeProject(owner, project.id, left);
      assert.deepEqual([await isThere(kept), await isThere(dropped)], [true, false]);
      const missing = { attachments: [attachmentOf(dropped)], updatedAt: at(10) };
      await assert.rejects(
        store().changeProject(owner, project.id, missing),
        withCode("not_found"),
      );
      await assert.rejects(
        store().createProject(owner, aProject({ attachments: [attachmentOf(dropped)] })),
        withCode("not_found"),
      );
      await store().deleteProject(owner, project.id);
      assert.equal(await isThere(kept), false);
    });

    test("[H65] a project of many conversations is deleted with all of them kept, and no more", async () => {
      const owner = newOwner();
      const [deleted, other] = [aProject(), aProject()];
      for (const project of [deleted, other]) await store().createProject(owner, project);
      await store().importRecords(conversationsIn(owner, deleted.id, MANY));
      await store().importRecords(conversationsIn(owner, other.id, 2));
      const total = async (projectId: string | null) =>
        (await store().listConversations(owner, { projectId, limit: 1, offset: 0 })).total;
      assert.deepEqual([await total(deleted.id), await total(null)], [MANY, 0]);
      assert.equal(await store().deleteProject(owner, deleted.id), MANY);
      assert.deepEqual([await total(null), await total(other.id)], [MANY, 2]);
      assert.equal(await store().getProject(owner, deleted.id), null);
    });

    test("an owner has a bounded number of projects", async () => {
      const owner = newOwner();
      const all = Array.from({ length: MAX_PROJECTS }, () => aProject());
      await store().importRecords(all.map((project) => ({ type: "project", owner, project })));
      await assert.rejects(store().createProject(owner, aProject()), withCode("conflict"));
      await store().deleteProject(owner, all[0]?.id ?? "");
      await store().createProject(owner, aProject());
    });
  });
}
