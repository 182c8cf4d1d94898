import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { branchOf } from "../../src/domain/branches.ts";
import { documentOf, type Role } from "../../src/domain/message.ts";
import type { Part } from "../../src/domain/parts.ts";
import type { BeginTurn, NewInput, TurnListQuery, TurnTarget } from "../../src/ports/store.ts";
import {
  aConversation,
  anEnding,
  aTurn,
  at,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
  withCode,
} from "./fixtures.ts";

const CALL: Part = {
  type: "tool_call",
  callId: "call_1",
  source: "client",
  name: "look",
  arguments: '{"at":1}',
};
const HERON: Part = { type: "tool_result", callId: "call_1", outcome: "ok", text: "heron" };
const RESULT: Part = { type: "tool_result", callId: "call_1", outcome: "ok", text: "Seen" };

const said = (role: Role, content: string): NewInput => ({
  id: randomUUID(),
  role,
  content,
  reasoning: null,
  parts: null,
  createdAt: at(10),
});
const made = (role: Role, ...parts: Part[]): NewInput => ({
  ...said(role, ""),
  ...documentOf(parts),
});

/** A turn whose input is that. */
function withInput(target: TurnTarget, input: readonly NewInput[], given: Partial<BeginTurn> = {}) {
  const main = input.findLast(({ role }) => role === "user") ?? input.at(-1);
  const { id, content } = main ?? { id: randomUUID(), content: "" };
  const turn = { inputs: input.length };
  const userMessage = { id, content, createdAt: at(10) };
  return aTurn(target, content, { userMessage, input, turn, ...given });
}

const after = (conversationId: string, messageId: string): TurnTarget => ({
  kind: "existing",
  conversationId,
  place: { kind: "after", messageId },
});

/** What a turn is besides a user's message and its answer. */
export function turnRecordContract(open: OpenStore): void {
  const store = sharedStore(open);
  const begin = async (owner: ReturnType<typeof newOwner>, turn: BeginTurn) =>
    begun(await store().beginTurn(owner, turn));
  const everything = async (owner: ReturnType<typeof newOwner>, id: string, branch?: number) =>
    (await store().listMessages(owner, id, {
      everyRole: true,
      ...(branch !== undefined && { branch }),
    })) ?? [];

  describe("turns of several messages", () => {
    test("the turns of a list are found in the order of their beginning, once they have ended", async () => {
      const owner = newOwner();
      const ids: string[] = [];
      for (const list of ["one", "one", "another", "one", undefined]) {
        const target = { kind: "new", conversation: aConversation() } as const;
        const turn = { ...(list && { list }), inputs: 1, record: { list: "one" } };
        const { reply } = await begin(owner, withInput(target, [said("user", "Hi")], { turn }));
        ids.push(reply.id);
      }
      const listOf = async (given: Partial<TurnListQuery> = {}) => {
        const query = { list: "one", after: null, order: "asc", limit: 10, ...given } as const;
        return (await store().listTurns(owner, query))?.map(({ id }) => id) ?? null;
      };
      assert.deepEqual(await listOf(), []);
      for (const id of ids) await store().finishReply(owner, id, anEnding("Hi."));
      const expected = [ids[0] ?? "", ids[1] ?? "", ids[3] ?? ""].sort();
      const found = await listOf();
      assert.deepEqual(found?.toSorted(), expected);
      assert.deepEqual(await listOf({ order: "desc" }), found?.toReversed());
      assert.deepEqual(await listOf({ limit: 1 }), found?.slice(0, 1));
      assert.deepEqual(await listOf({ after: found?.[0] ?? "" }), found?.slice(1));
      assert.deepEqual(
        await listOf({ after: found?.[1] ?? "", order: "desc" }),
        found?.slice(0, 1),
      );
      assert.equal(await listOf({ after: randomUUID() }), null);
      await store().updateTurnRecord(owner, expected[0] ?? "", { changed: true });
      assert.deepEqual(await listOf(), found);
      for (const stranger of strangersTo(owner))
        assert.deepEqual(
          await store().listTurns(stranger, { list: "one", after: null, order: "asc", limit: 10 }),
          [],
        );
    });

    test("an input of every role is stored in its order with the reply, and shown where every role is", async () => {
      const owner = newOwner();
      const conversation = aConversation();
      const input = [
        said("developer", "Be short"),
        said("user", "Look"),
        made("assistant", { type: "text", text: "Wait" }, CALL),
        made("tool", RESULT),
        said("system", ""),
      ];
      const record = { metadata: { at: "ü\u0000" }, n: [1, null, { deep: true }] };
      const given = { turn: { inputs: input.length, record } };
      const turn = withInput({ kind: "new", conversation }, input, given);
      const { userMessage, input: stored, reply } = await begin(owner, turn);
      assert.deepEqual(
        stored.map(({ id, role, content, parts, sequence }) => [
          id,
          role,
          content,
          parts,
          sequence,
        ]),
        input.map(({ id, role, content, parts }, place) => [id, role, content, parts, place]),
      );
      assert.equal(userMessage.content, "Look");
      assert.deepEqual([reply.sequence, reply.turn?.record], [5, record]);
      const read = await store().getTurn(owner, reply.id);
      assert.deepEqual(read, { userMessage, input: stored, reply });
      const finished = await store().finishReply(owner, reply.id, anEnding("Seen"));
      assert.equal(finished?.content, "Seen");
      assert.deepEqual(
        (await store().listMessages(owner, conversation.id))?.map(({ role }) => role),
        ["user", "assistant", "system", "assistant"],
      );
      assert.deepEqual((await everything(owner, conversation.id)).slice(0, -1), stored);
      const limits = { maxCharacters: 1000 };
      const told = await store().recentMessages(owner, conversation.id, limits);
      assert.deepEqual(
        told.map(({ id }) => id),
        [...input.map(({ id }) => id), reply.id],
      );
      assert.equal((await store().latestTurn(owner, conversation.id))?.reply.id, reply.id);
    });

    test("turns of many messages and of one follow each other without gaps or collisions", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const many = Array.from({ length: 70 }, (_, place) => said("user", `Message ${place}`));
      await completeTurn(store(), owner, id, "First", "One");
      const { reply } = await begin(owner, withInput(inExisting(id), many));
      await store().finishReply(owner, reply.id, anEnding("Two"));
      await completeTurn(store(), owner, id, "Last", "Three");
      const contents = (await everything(owner, id)).map(({ content }) => content);
      const expected = [
        "First",
        "One",
        ...many.map(({ content }) => content),
        "Two",
        "Last",
        "Three",
      ];
      assert.deepEqual(contents, expected);
    });

    test("after a message: at the end of its branch if nothing follows it, else on one of its own", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const first = await completeTurn(store(), owner, id, "First", "One");
      const second = await begin(
        owner,
        withInput(after(id, first.reply.id), [made("assistant", CALL), made("tool", RESULT)]),
      );
      assert.equal(branchOf(second.reply.sequence), 0);
      const other = await begin(
        owner,
        withInput(after(id, first.reply.id), [said("user", "a"), said("user", "b")]),
      );
      assert.deepEqual([branchOf(other.reply.sequence), other.conversation.activeBranch], [1, 1]);
      await store().finishReply(owner, other.reply.id, anEnding("Other"));
      const texts = async (branch: number) =>
        (await everything(owner, id, branch)).map(({ content }) => content);
      assert.deepEqual(await texts(1), ["First", "One", "a", "b", "Other"]);
      assert.deepEqual(await texts(0), ["First", "One", "", ""]);
      assert.equal((await store().getTurn(owner, second.reply.id))?.input.length, 2);
    });

    test("no input after a message: a further reply to what is stored, also to what a tool gave", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const input = [said("user", "Look"), made("assistant", CALL), made("tool", RESULT)];
      const first = await begin(owner, withInput(inExisting(id), input));
      await store().finishReply(owner, first.reply.id, anEnding("One"));
      const again = await begin(owner, withInput(after(id, input[2]?.id ?? ""), []));
      assert.deepEqual([again.input, again.userMessage.id], [[], input[2]?.id]);
      const { userMessage, reply } = again;
      assert.deepEqual(await store().getTurn(owner, reply.id), { userMessage, input: [], reply });
      await store().finishReply(owner, reply.id, anEnding("Two"));
      const contents = (await everything(owner, id)).map(({ content }) => content);
      assert.deepEqual(contents, ["Look", "", "", "Two"]);
      await assert.rejects(
        store().beginTurn(owner, withInput(inExisting(id), [])),
        withCode("invalid_request"),
      );
      const atEnd = await begin(owner, withInput(after(id, reply.id), []));
      assert.equal(atEnd.reply.sequence, reply.sequence + 1);
    });

    test("an input with an id that is taken leaves nothing", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const { userMessage } = await completeTurn(store(), owner, id, "First", "One");
      const taken = { ...said("user", "b"), id: userMessage.id };
      await assert.rejects(
        store().beginTurn(owner, withInput(inExisting(id), [said("user", "a"), taken])),
        withCode("conflict"),
      );
      assert.equal((await everything(owner, id)).length, 2);
      const next = await begin(owner, withInput(inExisting(id), [said("user", "c")]));
      assert.equal(next.reply.sequence, 3);
    });

    test("a repeated key gives the input again, and a reply that said nothing is begun again after it", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const idempotency = { key: randomUUID(), fingerprint: "body" };
      const input = [said("developer", "Short"), said("user", "a")];
      const turn = withInput(inExisting(id), input, { idempotency });
      const first = await begin(owner, turn);
      const again = await store().beginTurn(owner, {
        ...turn,
        reply: { ...turn.reply, id: randomUUID() },
      });
      assert.ok(again.kind === "repeated");
      assert.deepEqual([again.input, again.reply], [first.input, first.reply]);
      const crash = anEnding("", {
        status: "interrupted",
        interruptedBy: "crash",
        finishReason: null,
      });
      await store().finishReply(owner, first.reply.id, crash);
      const anew = await begin(owner, { ...turn, reply: { ...turn.reply, id: randomUUID() } });
      assert.deepEqual(anew.input, first.input);
      assert.deepEqual((await store().getTurn(owner, anew.reply.id))?.input, first.input);
    });
  });

  describe("what is kept with a turn", () => {
    test("is replaced as a whole, by its owner alone; a turn without stays without", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const turn = { inputs: 1, record: { metadata: { a: "1" } } };
      const { reply } = await begin(owner, aTurn(inExisting(id), "Hello", { turn }));
      for (const stranger of strangersTo(owner))
        assert.equal(await store().updateTurnRecord(stranger, reply.id, {}), false);
      assert.ok(await store().updateTurnRecord(owner, reply.id, { metadata: {} }));
      const finished = await store().finishReply(owner, reply.id, anEnding("Hi"));
      assert.ok(finished);
      const read = await store().getMessage(owner, reply.id);
      assert.deepEqual(read?.turn, { inputs: 1, record: { metadata: {} } });
      const plain = await completeTurn(store(), owner, id, "Plain", "Yes");
      assert.equal(await store().updateTurnRecord(owner, plain.reply.id, {}), false);
      assert.equal("turn" in ((await store().getMessage(owner, plain.reply.id)) ?? {}), false);
    });

    test("a turn that is taken back leaves nothing: no message, branch, key, or conversation of its own", async () => {
      const owner = newOwner();
      const conversation = aConversation({ isHidden: true });
      const idempotency = { key: randomUUID(), fingerprint: "body" };
      const input = [said("developer", "Short"), said("user", "a")];
      const turn = withInput({ kind: "new", conversation }, input, { idempotency });
      const { reply } = await begin(owner, turn);
      for (const stranger of strangersTo(owner))
        assert.equal(await store().removeTurn(stranger, reply.id), false);
      assert.equal(await store().removeTurn(owner, reply.id), true);
      assert.equal(await store().removeTurn(owner, reply.id), false);
      assert.equal(await store().getConversation(owner, conversation.id), null);
      assert.equal(await store().findRepeated(owner, idempotency), null);

      const { id } = await store().createConversation(owner, aConversation(), []);
      const first = await completeTurn(store(), owner, id, "First", "One");
      await completeTurn(store(), owner, id, "Second", "Two");
      const other = await begin(owner, withInput(after(id, first.reply.id), [said("user", "x")]));
      assert.equal((await store().getConversation(owner, id))?.activeBranch, 1);
      await store().removeTurn(owner, other.reply.id);
      assert.equal((await store().getConversation(owner, id))?.activeBranch, 0);
      const contents = (await everything(owner, id)).map(({ content }) => content);
      assert.deepEqual(contents, ["First", "One", "Second", "Two"]);
      const plain = await completeTurn(store(), owner, id, "Plain", "Yes");
      assert.equal(await store().removeTurn(owner, plain.reply.id), false);
    });

    test("a conversation that a turn began goes with it, and one that was there before or has more in it stays", async () => {
      const owner = newOwner();
      const isLeft = async (isEmpty: boolean, beganConversation: boolean) => {
        const conversation = aConversation();
        const target = { kind: "new", conversation } as const;
        const { reply } = await begin(owner, withInput(target, [said("user", "a")]));
        if (!isEmpty) await completeTurn(store(), owner, conversation.id, "More", "Yes");
        assert.equal(await store().removeTurn(owner, reply.id, beganConversation), true);
        return (await store().getConversation(owner, conversation.id)) !== null;
      };
      assert.equal(await isLeft(true, true), false);
      assert.equal(await isLeft(true, false), true);
      assert.equal(await isLeft(false, true), true);
    });

    test("that an input is not its user's words is with each message of it, and in no list of records", async () => {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const turn = { inputs: 2, isUntrusted: true } as const;
      const input = [said("developer", "Short"), said("user", "Delete it")];
      const { userMessage, reply } = await begin(owner, withInput(inExisting(id), input, { turn }));
      const failed = anEnding("", { status: "failed", finishReason: null });
      await store().finishReply(owner, reply.id, failed);
      const told = await store().recentMessages(owner, id, { maxCharacters: 1000 });
      assert.deepEqual(
        told.map((message) => [message.content, message.turn?.isUntrusted]),
        [
          ["Short", true],
          ["Delete it", true],
        ],
      );
      assert.deepEqual(told[1], userMessage, "it is given as it is stored");
      assert.deepEqual(await store().turnRecords(owner, id), [turn]);
      const other = { place: { kind: "answer", questionId: userMessage.id } } as const;
      const own = { inputs: 0, isUntrusted: true } as const;
      const target = { kind: "existing", conversationId: id, ...other } as const;
      const again = await begin(owner, aTurn(target, "Delete it", { turn: own }));
      assert.deepEqual([again.userMessage, again.reply.turn], [userMessage, own]);
      assert.ok(await store().deleteMessage(owner, userMessage.id));
      assert.deepEqual((await store().getMessage(owner, again.reply.id))?.turn, own);
    });

    test("is in the archive, with the roles of the input and whether the conversation is hidden", async () => {
      const owner = newOwner();
      const conversation = aConversation({ isHidden: true });
      const turn = { inputs: 2, record: { metadata: { a: "1" } } };
      const input = [said("developer", "Short"), made("tool", RESULT)];
      const { reply } = await begin(
        owner,
        withInput({ kind: "new", conversation }, input, { turn }),
      );
      await store().finishReply(owner, reply.id, anEnding("Done"));
      const records = [];
      for await (const record of store().exportRecords())
        if ("owner" in record && record.owner.tenantId === owner.tenantId) records.push(record);
      const [first, ...messages] = records;
      assert.ok(first?.type === "conversation" && first.conversation.isHidden);
      assert.deepEqual(
        messages.map(
          (record) => record.type === "message" && [record.message.role, record.message.turn],
        ),
        [
          ["developer", undefined],
          ["tool", undefined],
          ["assistant", turn],
        ],
      );
      await store().deleteConversation(owner, conversation.id);
      assert.deepEqual(
        await store().importRecords(records),
        records.map(() => true),
      );
      assert.deepEqual((await store().getMessage(owner, reply.id))?.turn, turn);
      assert.equal((await store().getConversation(owner, conversation.id))?.isHidden, true);
    });
  });

  test("a hidden conversation is in no list and found by no search, and is read and deleted by its id", async () => {
    const owner = newOwner();
    const shown = aConversation({ title: "Heron shown" });
    const hidden = aConversation({ title: "Heron hidden", isHidden: true, createdAt: at(5) });
    const input = [said("user", "A heron"), made("tool", HERON), said("developer", "heron")];
    for (const conversation of [shown, hidden]) {
      const { reply } = await begin(
        owner,
        withInput(
          { kind: "new", conversation },
          input.map((message) => ({ ...message, id: randomUUID() })),
        ),
      );
      await store().finishReply(owner, reply.id, anEnding("The heron stands"));
    }
    const { items, total } = await store().listConversations(owner, { limit: 10, offset: 0 });
    assert.deepEqual([items.map(({ id }) => id), total], [[shown.id], 1]);
    const unpinned = await store().listConversations(owner, {
      limit: 9,
      offset: 0,
      isPinned: false,
    });
    assert.deepEqual([unpinned.items.map(({ id }) => id), unpinned.total], [[shown.id], 1]);
    assert.equal((await store().latestConversation(owner, "chat-v1"))?.id, shown.id);
    for (const order of ["newest", "pinned"] as const) {
      const all = [];
      for await (const { id, messages } of store().iterateConversations(owner, { order }))
        all.push([id, messages.map(({ role }) => role)]);
      assert.deepEqual(all, [[shown.id, ["user", "assistant"]]]);
    }
    const { hits } = await store().search(owner, "heron", { limit: 20, offset: 0 });
    assert.deepEqual(
      hits.map(({ conversation, message }) => [conversation.id, message?.role ?? "title"]).sort(),
      [
        [shown.id, "assistant"],
        [shown.id, "title"],
        [shown.id, "user"],
      ],
    );
    assert.equal((await store().getConversation(owner, hidden.id))?.isHidden, true);
    assert.ok(await store().deleteConversation(owner, hidden.id));
    assert.equal(await store().listMessages(owner, hidden.id), null);
  });
}
