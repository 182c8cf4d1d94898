// Random trees of edits, versions, deletions and stops, in a store and in a model that copies every path.
import assert from "node:assert/strict";
import { branchOf, startOf, versionsAmong } from "../src/domain/branches.ts";
import type { Owner } from "../src/domain/principal.ts";
import type { Store, TurnPlace } from "../src/ports/store.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aPiece,
  aTurn,
  at,
  begun,
  newOwner,
  withCode,
} from "./store-contract/fixtures.ts";

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Said = {
  readonly id: string;
  readonly role: "user" | "assistant" | "system";
  content: string;
  /** The branch that it was said on. */
  readonly branch: number;
};

/** The model: for every branch the whole list of what its path has. */
type Model = { readonly paths: Said[][]; active: number };

const STAMP = { at: at(60), actor: "test" };

/** Does that many random things to a new conversation, and compares everything that a store tells of it. */
export async function growTree(store: Store, seed: number, steps: number): Promise<number> {
  const random = randomFrom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const owner = newOwner();
  const { id } = await store.createConversation(owner, aConversation(), []);
  const model: Model = { paths: [[]], active: 0 };
  for (let step = 0; step < steps; step++) {
    await doSomething(store, owner, id, model, below, step);
    if (below(4) === 0) await compare(store, owner, id, model, below);
  }
  await compare(store, owner, id, model, below);
  return model.paths.length;
}

async function doSomething(
  store: Store,
  owner: Owner,
  id: string,
  model: Model,
  below: (bound: number) => number,
  step: number,
): Promise<void> {
  const all = [...new Set(model.paths.flat())];
  const questions = all.filter(({ role }) => role === "user");
  const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;
  const prefix = (said: Said): Said[] => {
    const path = model.paths[said.branch] as Said[];
    return path.slice(0, path.indexOf(said));
  };

  const answer = async (place: TurnPlace | undefined, path: Said[], branch: number) => {
    const target = { kind: "existing", conversationId: id, ...(place && { place }) } as const;
    const turn = begun(await store.beginTurn(owner, aTurn(target, `question ${step}`)));
    assert.equal(branchOf(turn.reply.sequence), branch);
    assert.equal(turn.conversation.activeBranch, branch);
    assert.equal(turn.runningBefore, null);
    await end(turn.userMessage.id, turn.reply.id, path, branch, place?.kind === "answer");
  };
  const end = async (
    questionId: string,
    replyId: string,
    path: Said[],
    branch: number,
    isAgain = false,
  ) => {
    const content = `answer ${step}`;
    const isStopped = below(5) === 0;
    await store.checkpoint([aPiece(owner, replyId, "ans")]);
    await store.finishReply(
      owner,
      replyId,
      anEnding(content, isStopped ? { status: "interrupted", interruptedBy: "stopped" } : {}),
    );
    if (!isAgain) path.push({ id: questionId, role: "user", content: `question ${step}`, branch });
    path.push({ id: replyId, role: "assistant", content, branch });
    model.paths[branch] = path;
    model.active = branch;
  };
  const deleteEverywhere = (isGone: (said: Said) => boolean) => {
    for (const [branch, path] of model.paths.entries())
      model.paths[branch] = path.filter((said) => !isGone(said));
  };

  const next = model.paths.length;
  const what = all.length === 0 ? 0 : below(12);
  if (what <= 1) {
    const { active } = model;
    await answer(undefined, model.paths[active] as Said[], active);
  } else if (what === 2) {
    const branch = below(next);
    await answer({ kind: "branch", branch }, model.paths[branch] as Said[], branch);
  } else if (what <= 4 && questions.length > 0) {
    const question = pick(questions);
    const place = { kind: "version", questionId: question.id } as const;
    await answer(place, prefix(question), next);
  } else if (what <= 6 && questions.length > 0) {
    const question = pick(questions);
    const place = { kind: "answer", questionId: question.id } as const;
    await answer(place, [...prefix(question), question], next);
  } else if (what === 7) {
    const said = pick(all);
    const own = (model.paths[said.branch] as Said[]).filter((it) => it.branch === said.branch);
    const isLast = own.at(-1) === said;
    const path = isLast ? (model.paths[said.branch] as Said[]) : [...prefix(said), said];
    await answer({ kind: "after", messageId: said.id }, path, isLast ? said.branch : next);
  } else if (what === 8) {
    const said = pick(all);
    assert.equal(await store.deleteMessage(owner, said.id), true);
    deleteEverywhere((it) => it === said);
  } else if (what === 9) {
    const message = aMessage(`note ${step}`, { role: "system" });
    const branch = below(2) ? below(next) : model.active;
    await store.appendMessage(owner, id, message, null, branch);
    (model.paths[branch] as Said[]).push({
      id: message.id,
      role: "system",
      content: `note ${step}`,
      branch,
    });
    model.active = branch;
  } else if (what === 10) {
    await replace(pick(all));
  } else if (below(2)) {
    const branch = below(next);
    await store.updateConversation(owner, id, { activeBranch: branch, updatedAt: at(50) });
    model.active = branch;
  } else {
    await shortenList();
  }

  /** As 004's `replace_from`: everything from there on goes, on every branch; sometimes it comes back. */
  async function replace(said: Said): Promise<void> {
    const before = model.paths.map((path) => [...path]);
    const target = { kind: "existing", conversationId: id, replaceFrom: said.id } as const;
    const turn = begun(await store.beginTurn(owner, aTurn(target, `question ${step}`)));
    for (const [branch, path] of model.paths.entries()) {
      const place = path.indexOf(said);
      if (place >= 0) model.paths[branch] = path.slice(0, place);
    }
    const path = model.paths[said.branch] as Said[];
    await end(turn.userMessage.id, turn.reply.id, path, said.branch);
    if (below(2)) return;
    await store.restoreReplaced(owner, id, turn.userMessage.id, STAMP);
    model.paths.splice(0, model.paths.length, ...before);
  }

  /** As 002's PUT: the list of the active path, of which some messages go and one is new. */
  async function shortenList(): Promise<void> {
    const stored = (await store.listMessages(owner, id)) ?? [];
    const kept = stored.filter(() => below(4) > 0);
    const added = aMessage(`said ${step}`, { createdAt: at(70 + step) });
    const messages = [...kept.map((it) => ({ ...it })), added];
    await store.updateConversation(owner, id, { messages, updatedAt: at(50) });
    const ids = new Set(stored.map((it) => it.id));
    for (const { id } of kept) ids.delete(id);
    deleteEverywhere((said) => ids.has(said.id));
    const { active } = model;
    const path = model.paths[active] as Said[];
    path.push({ id: added.id, role: "user", content: `said ${step}`, branch: active });
  }
}

async function compare(
  store: Store,
  owner: Owner,
  id: string,
  { paths, active }: Model,
  below: (bound: number) => number,
): Promise<void> {
  const idsOf = (list: readonly { readonly id: string }[] | null) => list?.map((it) => it.id);
  assert.equal((await store.getConversation(owner, id))?.activeBranch, active);
  assert.deepEqual(idsOf(await store.listMessages(owner, id)), idsOf(paths[active] ?? []));
  for (const [branch, path] of paths.entries()) {
    const listed = await store.listMessages(owner, id, { branch });
    assert.deepEqual(
      listed?.map((it) => [it.id, it.role, it.content]),
      path.map((it) => [it.id, it.role, it.content]),
    );
    const recent = await store.recentMessages(owner, id, { maxCharacters: 1e6, branch });
    assert.deepEqual(idsOf(recent), idsOf(path));
    const place = below(path.length + 1);
    const before = path[place];
    if (!before) continue;
    const limit = 1 + below(4);
    const page = await store.listMessages(owner, id, { branch, before: before.id, limit });
    assert.deepEqual(idsOf(page), idsOf(path.slice(Math.max(0, place - limit), place)));
    // A message of another path is not on this one.
    const other = paths.flat().find((said) => !path.includes(said));
    if (other)
      assert.equal(await store.listMessages(owner, id, { branch, before: other.id }), null);
  }
  await assert.rejects(
    store.listMessages(owner, id, { branch: paths.length }),
    withCode("invalid_request"),
  );
  const forks = await store.listForks(owner, id);
  // A version of what a branch begins with begins where that branch does: a path is no longer for it.
  for (const { parent, fork } of forks) assert.ok(parent === 0 || fork !== startOf(parent));
  assert.deepEqual(
    new Map([...versionsAmong(forks)].sort()),
    new Map([...versionsOf(paths)].sort()),
  );
}

/** What follows one and the same message on several paths. */
function versionsOf(paths: readonly Said[][]) {
  const followers = new Map<string, Set<Said>>();
  for (const path of paths)
    for (const [place, said] of path.entries()) {
      const before = path[place - 1]?.id ?? "";
      followers.set(before, (followers.get(before) ?? new Set()).add(said));
    }
  const versions = new Map<string, unknown>();
  for (const group of followers.values()) {
    if (group.size < 2) continue;
    const sorted = [...group].sort((one, two) => one.branch - two.branch);
    const ids = sorted.map((said) => said.id);
    const branches = sorted.map((said) => paths.findLastIndex((path) => path.includes(said)));
    for (const [index, id] of ids.entries()) versions.set(id, { index, ids, branches });
  }
  return versions;
}
