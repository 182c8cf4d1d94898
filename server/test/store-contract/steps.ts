import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documentOf } from "../../src/domain/message.ts";
import { layOut } from "../../src/domain/part-layout.ts";
import { after, type Part } from "../../src/domain/parts.ts";
import type { Owner } from "../../src/domain/principal.ts";
import type { ToolQuestion } from "../../src/domain/tool-question.ts";
import type { Store } from "../../src/ports/store.ts";
import {
  aConversation,
  anEnding,
  aPiece,
  aTurn,
  at,
  begun,
  newOwner,
  type OpenStore,
  strangersTo,
} from "./fixtures.ts";

const CALL: Part = { type: "tool_call", callId: "a", source: "s", name: "n", arguments: "{}" };
const RESULT: Part = { type: "tool_result", callId: "a", outcome: "ok", text: "r" };
const STATE = { step: 1, calls: [{ callId: "a", state: "running" }] };

async function inProgress(store: Store, owner: Owner) {
  const target = { kind: "new", conversation: aConversation() } as const;
  return begun(await store.beginTurn(owner, aTurn(target, "q"))).reply;
}
const pieceOf = (owner: Owner, replyId: string, parts: readonly Part[], number = 0) =>
  aPiece(owner, replyId, "", number, "", layOut(after(parts, 0)).layout);

/** Replies of several steps. */
export function stepContract(open: OpenStore): void {
  describe("the steps of a reply", () => {
    test("are kept with its parts while it is in progress, for its owner alone, and taken over with it", async () => {
      let store = await open();
      try {
        const owner = newOwner();
        const note = (
          replyId: string,
          epoch: number,
          state: typeof STATE,
          parts?: readonly Part[],
        ) =>
          store.noteSteps(
            owner,
            replyId,
            { epoch, state },
            parts ? pieceOf(owner, replyId, parts) : null,
          );
        const reply = await inProgress(store, owner);
        assert.equal(await store.replySteps(owner, reply.id), null);
        assert.ok(await note(reply.id, 0, STATE, [CALL]));
        const later = { ...STATE, step: 2 };
        assert.ok(await note(reply.id, 0, later));
        assert.deepEqual(await store.replySteps(owner, reply.id), {
          epoch: 0,
          state: later,
          isParked: false,
        });
        assert.deepEqual((await store.getTurn(owner, reply.id))?.reply.parts, [CALL]);
        assert.equal(await note(reply.id, 1, STATE), false, "no server has taken it over");
        for (const stranger of strangersTo(owner)) {
          assert.equal(await store.replySteps(stranger, reply.id), null);
          const steps = { epoch: 0, state: STATE };
          assert.equal(await store.noteSteps(stranger, reply.id, steps, null), false);
        }
        const ended = await inProgress(store, owner);
        assert.ok(await note(ended.id, 0, STATE, [CALL]));
        const end = anEnding("", documentOf([CALL, RESULT]));
        assert.ok(await store.finishReply(owner, ended.id, end));
        assert.equal(await store.replySteps(owner, ended.id), null);
        assert.equal(await note(ended.id, 0, STATE), false, "nothing is noted after the ending");
        const deleted = await inProgress(store, owner);
        assert.ok(await note(deleted.id, 0, STATE, [CALL]));
        assert.ok(await store.deleteConversation(owner, deleted.conversationId));
        assert.equal(await store.replySteps(owner, deleted.id), null);

        const plain = await inProgress(store, owner);
        await store.close();
        store = await open(store);
        const abandoned = await store.interruptAbandonedReplies(at(60));
        const isTaken = new Map(abandoned.map((one) => [one.replyId, one.isTaken]));
        assert.deepEqual([isTaken.get(reply.id), isTaken.get(plain.id)], [true, false]);
        assert.equal((await store.getMessage(owner, reply.id))?.status, "streaming");
        assert.deepEqual((await store.getTurn(owner, reply.id))?.reply.parts, [CALL]);
        assert.deepEqual(await store.replySteps(owner, reply.id), {
          epoch: 1,
          state: later,
          isParked: false,
        });
        assert.equal(await note(reply.id, 0, STATE), false, "the server before it has lost it");
        assert.ok(await note(reply.id, 1, STATE));
        assert.deepEqual(await store.interruptAbandonedReplies(at(61)), [], "it is this server's");
      } finally {
        await store.close();
      }
    });

    test("are decided about in time: after that, a call is declined whatever the decision is", async () => {
      await using opened = new AsyncDisposableStack();
      const store = await open();
      opened.defer(() => store.close());
      const owner = newOwner();
      const reply = await inProgress(store, owner);
      const replyId = reply.id;
      const question = (callId: string): ToolQuestion => ({
        ...{ conversationId: reply.conversationId, replyId, callId, source: "s", tool: "n" },
        kind: "call",
        ...{ arguments: "{}", argumentsSha256: "a", askedAt: at(0), expiresAt: at(60) },
        ...{ decision: null, result: null },
      });
      const asked = [question("a"), question("b"), question("c")];
      await store.noteSteps(owner, replyId, { epoch: 0, state: STATE }, null, asked);
      const waiting = ["a", "b", "c"];
      await store.parkReply(owner, replyId, { epoch: 0, waiting, at: at(1) });
      const grant = { id: "g", conversationId: null };
      const allow = { decision: "allow", argumentsSha256: "a", grant } as const;
      const decide = (callId: string, seconds: number, as = owner) =>
        store.decide(as, replyId, callId, allow, { at: at(seconds), actor: "test" });
      for (const stranger of strangersTo(owner))
        assert.equal(await decide("a", 60, stranger), null);
      assert.deepEqual(await decide("a", 60), { kind: "late", was: "expired", isTaken: true });
      assert.deepEqual(await decide("a", 61), { kind: "late", was: "expired", isTaken: false });
      assert.deepEqual(await store.listGrants(owner), []);
      assert.deepEqual(await decide("b", 59), { kind: "decided", isTaken: false });
      const decisions = (await store.questionsOf(owner, replyId)).map(({ decision }) => decision);
      assert.deepEqual(decisions, ["expired", "allow", null]);
    });

    test("that wait for a sign-in are found once it has ended well, until they are decided about", async () => {
      await using opened = new AsyncDisposableStack();
      const store = await open();
      opened.defer(() => store.close());
      const owner = newOwner();
      const { id: replyId, conversationId } = await inProgress(store, owner);
      const question = (callId: string, more: Partial<ToolQuestion> = {}): ToolQuestion => ({
        ...{ conversationId, replyId, callId, source: "s", tool: "n", kind: "sign_in" },
        ...{ arguments: "{}", argumentsSha256: "a", askedAt: at(10), expiresAt: at(60) },
        ...{ decision: null, result: null, ...more },
      });
      const others = [
        question("later", { askedAt: at(20) }),
        question("elsewhere", { source: "t" }),
        question("allowing", { kind: "call" }),
      ];
      const steps = { epoch: 0, state: STATE };
      await store.noteSteps(owner, replyId, steps, null, [question("first"), ...others]);
      const found = async () =>
        (await store.signedInMeanwhile(100)).filter((one) => one.replyId === replyId);
      const signIn = (who: Owner, seconds: number) =>
        store.putTokens(who, "s", "secret", { at: at(seconds), actor: "test" });
      for (const stranger of strangersTo(owner)) await signIn(stranger, 15);
      await signIn(owner, 5);
      assert.deepEqual(await found(), []);
      await signIn(owner, 15);
      assert.deepEqual(await found(), [{ owner, replyId, callId: "first" }]);
      const allow = { decision: "allow", argumentsSha256: null, grant: null } as const;
      await store.decide(owner, replyId, "first", allow, { at: at(16), actor: "test" });
      assert.deepEqual(await found(), []);
      await signIn(owner, 25);
      assert.deepEqual(await found(), [{ owner, replyId, callId: "later" }]);
      const version = (await store.getTokens(owner, "s"))?.version ?? 0;
      await store.deleteTokens(owner, "s", version, { at: at(26), actor: "test" });
      assert.deepEqual(await found(), [], "the person has signed out");
    });
  });
}
