import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import type { Owner } from "../../src/domain/principal.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aPiece,
  aTurn,
  at,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
  strangersTo,
} from "./fixtures.ts";

/** What is left of a reply that was heard so far. */
const heard = (content: string) => ({ content, reasoning: null, parts: null });

export function turnContract(open: OpenStore): void {
  describe("turns", () => {
    const store = sharedStore(open);

    async function emptyConversation(owner: Owner = newOwner()) {
      const { id } = await store().createConversation(owner, aConversation(), []);
      return { owner, id };
    }

    test("beginning stores the question, and the reply to be right after it", async () => {
      const { owner, id } = await emptyConversation();
      const given = aTurn(inExisting(id), "What?");
      const turn = begun(await store().beginTurn(owner, given));
      const { userMessage, reply } = turn;
      assert.equal(turn.created, false);
      assert.deepEqual({ ...userMessage, ...given.userMessage }, userMessage);
      assert.deepEqual([userMessage.role, userMessage.status], ["user", "complete"]);
      assert.deepEqual({ ...reply, ...given.reply }, reply);
      assert.deepEqual([reply.role, reply.status, reply.content], ["assistant", "streaming", ""]);
      assert.equal(reply.finishedAt, null);
      assert.equal(reply.sequence, userMessage.sequence + 1);
      assert.deepEqual(await store().getMessage(owner, userMessage.id), userMessage);
      assert.deepEqual(await store().getMessage(owner, reply.id), reply);
      assert.deepEqual(await store().getConversation(owner, id), turn.conversation);
    });

    test("a turn knows the latest earlier reply of its conversation that is in progress", async () => {
      const { owner, id } = await emptyConversation();
      const begin = async (content: string) =>
        begun(await store().beginTurn(owner, aTurn(inExisting(id), content)));
      const other = await emptyConversation(owner);
      await store().beginTurn(owner, aTurn(inExisting(other.id), "Elsewhere"));
      const [first, second, third] = await Promise.all(["1", "2", "3"].map(begin));
      assert.ok(first && second && third);
      assert.deepEqual(
        [first, second, third].map(({ runningBefore }) => runningBefore),
        [null, first.reply.id, second.reply.id],
      );
      const before = () => store().replyRunningBefore(owner, id, third.reply.sequence);
      assert.equal(await before(), second.reply.id);
      await store().finishReply(owner, second.reply.id, anEnding("Done"));
      assert.equal(await before(), first.reply.id);
      await store().finishReply(owner, first.reply.id, anEnding("Done"));
      assert.equal(await before(), null);
      await store().finishReply(owner, third.reply.id, anEnding("Done"));
      assert.equal((await begin("4")).runningBefore, null);
    });

    test("turns begun at once take their places in the order of the calls", async () => {
      const { owner, id } = await emptyConversation();
      const given = Array.from({ length: 100 }, (_, place) => aTurn(inExisting(id), `${place}`));
      const turns = (await Promise.all(given.map((turn) => store().beginTurn(owner, turn)))).map(
        begun,
      );
      const places = turns.flatMap(({ userMessage, reply }) => [
        userMessage.sequence,
        reply.sequence,
      ]);
      assert.deepEqual(
        places,
        places.toSorted((one, two) => one - two),
      );
      assert.equal(new Set(places).size, 200);
    });

    test("a finished reply is as it was ended, and ends once", async () => {
      const { owner, id } = await emptyConversation();
      const { reply } = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      const end = anEnding("Because.", {
        status: "failed",
        model: "another/model",
        usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3, costUsd: 0.00001 },
        reasoning: "thinking…",
        reasoningMs: 1_234,
        finishReason: "filter",
        interruptedBy: "shutdown",
        error: { code: "model_failed", message: "It broke off" },
      });
      const finished = await store().finishReply(owner, reply.id, end);
      assert.deepEqual(finished, { ...reply, ...end });
      assert.deepEqual(await store().getMessage(owner, reply.id), finished);
      assert.equal(await store().finishReply(owner, reply.id, anEnding("Another end")), null);
      assert.deepEqual(await store().getMessage(owner, reply.id), finished);
      assert.equal(await store().finishReply(owner, "unknown", end), null);
    });

    test("only a reply in progress can be finished", async () => {
      const { owner, id } = await emptyConversation();
      const { userMessage } = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      assert.equal(await store().finishReply(owner, userMessage.id, anEnding("x")), null);
      assert.equal((await store().getMessage(owner, userMessage.id))?.content, "Hello");
    });

    test("a checkpoint keeps the text so far of replies in progress, and passes over the others", async () => {
      const { owner, id } = await emptyConversation();
      const turns = [];
      for (const content of ["a", "b", "c"])
        turns.push(begun(await store().beginTurn(owner, aTurn(inExisting(id), content))));
      const [running, ended, deleted] = turns.map(({ reply }) => reply.id) as [
        string,
        string,
        string,
      ];
      await store().finishReply(owner, ended, anEnding("the end"));
      await store().deleteMessage(owner, deleted);
      const all = [running, ended, deleted];
      await store().checkpoint([]);
      await store().checkpoint(all.map((replyId) => aPiece(owner, replyId, "so ", 0, "hm, ")));
      await store().checkpoint(all.map((replyId) => aPiece(owner, replyId, "lost", 1)));
      // A checkpoint whose answer was lost comes again under its number, and may be longer.
      await store().checkpoint(all.map((replyId) => aPiece(owner, replyId, "far", 1, "well")));
      assert.deepEqual(
        [
          (await store().getMessage(owner, running))?.content,
          (await store().getMessage(owner, ended))?.content,
        ],
        ["so far", "the end"],
      );
      assert.equal((await store().getMessage(owner, running))?.status, "streaming");
      assert.equal((await store().getMessage(owner, running))?.reasoning, "hm, well");
      assert.equal((await store().getTurn(owner, running))?.reply.content, "so far");
      const finished = await store().finishReply(owner, running, anEnding("so far and further"));
      assert.deepEqual(await store().getMessage(owner, running), finished);
      assert.equal(await store().getMessage(owner, deleted), null);
    });

    test("an ended reply can be cut to what was heard of it, also for a search", async () => {
      const { owner, id } = await emptyConversation();
      const { reply, userMessage } = await completeTurn(store(), owner, id, "one", "heard unheard");
      const search = async (query: string) =>
        (await store().search(owner, query, { limit: 9, offset: 0 })).total;
      assert.equal(await search("unheard"), 1);
      for (const stranger of strangersTo(owner))
        assert.equal(await store().truncateReply(stranger, reply.id, heard("x")), false);
      assert.equal(await store().truncateReply(owner, userMessage.id, heard("x")), false);
      assert.equal(await store().truncateReply(owner, "unknown", heard("x")), false);
      assert.equal(await store().truncateReply(owner, reply.id, heard("heard")), true);
      const cut = {
        ...reply,
        content: "heard",
        status: "interrupted",
        interruptedBy: "heard",
        finishReason: null,
      };
      assert.deepEqual(await store().getMessage(owner, reply.id), cut);
      assert.deepEqual([await search("unheard"), await search("heard")], [0, 1]);
      const running = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      assert.equal(await store().truncateReply(owner, running.reply.id, heard("x")), false);
    });

    test("the latest turn is the last reply with its question", async () => {
      const { owner, id } = await emptyConversation();
      assert.equal(await store().latestTurn(owner, id), null);
      const first = await completeTurn(store(), owner, id, "one", "first answer");
      assert.deepEqual(await store().latestTurn(owner, id), first);
      await store().appendMessage(owner, id, aMessage("a note", { role: "assistant" }));
      assert.deepEqual(await store().latestTurn(owner, id), first);
      const { userMessage, reply } = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      const input = [userMessage];
      assert.deepEqual(await store().latestTurn(owner, id), { userMessage, input, reply });
      assert.equal(await store().latestTurn(owner, "unknown"), null);
    });

    test("a turn is found by its reply, and by nothing else", async () => {
      const { owner, id } = await emptyConversation();
      const turn = await completeTurn(store(), owner, id, "one", "first answer");
      assert.deepEqual(await store().getTurn(owner, turn.reply.id), turn);
      assert.equal(await store().getTurn(owner, turn.userMessage.id), null);
      assert.equal(await store().getTurn(owner, "unknown"), null);
      await store().deleteMessage(owner, turn.userMessage.id);
      assert.equal(await store().getTurn(owner, turn.reply.id), null);
    });

    test("another owner's turns are as absent as none", async () => {
      const { owner, id } = await emptyConversation();
      const { reply, userMessage } = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      for (const stranger of strangersTo(owner)) {
        assert.equal((await store().beginTurn(stranger, aTurn(inExisting(id)))).kind, "not_found");
        assert.equal(await store().finishReply(stranger, reply.id, anEnding("x")), null);
        await store().checkpoint([aPiece(stranger, reply.id, "x")]);
        assert.equal(await store().getTurn(stranger, reply.id), null);
        assert.equal(await store().latestTurn(stranger, id), null);
      }
      const input = [userMessage];
      assert.deepEqual(await store().getTurn(owner, reply.id), { userMessage, input, reply });
      assert.equal((await store().listMessages(owner, id))?.length, 1);
    });

    describe("with an idempotency key", () => {
      const withKey = (target: Parameters<typeof aTurn>[0], key: string, fingerprint = "body") =>
        aTurn(target, "Hello", { idempotency: { key, fingerprint } });

      test("the same key and fingerprint give the first turn again", async () => {
        const { owner, id } = await emptyConversation();
        const key = randomUUID();
        const first = begun(await store().beginTurn(owner, withKey(inExisting(id), key)));
        const { userMessage, reply } = first;
        const again = await store().beginTurn(owner, withKey(inExisting(id), key));
        const { conversation } = first;
        const input = [userMessage];
        assert.deepEqual(again, { kind: "repeated", conversation, userMessage, input, reply });
        const finished = await store().finishReply(owner, reply.id, anEnding("Hi"));
        const later = await store().beginTurn(owner, withKey(inExisting("elsewhere"), key));
        assert.equal(later.kind, "repeated");
        assert.deepEqual(later.kind === "repeated" && later.reply, finished);
        assert.equal((await store().listMessages(owner, id))?.length, 2);
      });

      test("used at once, it begins one turn", async () => {
        const owner = newOwner();
        const key = randomUUID();
        const turns = await Promise.all(
          Array.from({ length: 10 }, () =>
            store().beginTurn(owner, withKey({ kind: "new", conversation: aConversation() }, key)),
          ),
        );
        assert.deepEqual(
          turns.map(({ kind }) => kind),
          ["begun", ...Array(9).fill("repeated")],
        );
        const replies = turns.map((turn) => ("reply" in turn ? turn.reply.id : null));
        assert.equal(new Set(replies).size, 1);
        assert.equal((await store().listConversations(owner, { limit: 9, offset: 0 })).total, 1);
      });

      test("another fingerprint is a conflict, and nothing is stored", async () => {
        const { owner, id } = await emptyConversation();
        const key = randomUUID();
        await store().beginTurn(owner, withKey(inExisting(id), key));
        const other = await store().beginTurn(owner, withKey(inExisting(id), key, "another body"));
        assert.deepEqual(other, { kind: "conflict" });
        assert.equal((await store().listMessages(owner, id))?.length, 1);
      });

      test("a turn whose messages are gone is not found, and nothing is stored", async () => {
        const { owner, id } = await emptyConversation();
        const key = randomUUID();
        await store().beginTurn(owner, withKey(inExisting(id), key));
        await store().deleteConversation(owner, id);
        const target = { kind: "new", conversation: aConversation() } as const;
        const again = await store().beginTurn(owner, withKey(target, key));
        assert.deepEqual(again, { kind: "not_found" });
        assert.equal((await store().listConversations(owner, { limit: 9, offset: 0 })).total, 0);
      });

      test("it is its owner's alone, and not used up by a turn that was not begun", async () => {
        const { owner, id } = await emptyConversation();
        const key = randomUUID();
        await store().beginTurn(owner, withKey(inExisting(id), key));
        const [stranger] = strangersTo(owner);
        const { id: own } = await emptyConversation(stranger);
        const lost = await store().beginTurn(stranger!, withKey(inExisting("unknown"), key));
        assert.deepEqual(lost, { kind: "not_found" });
        begun(await store().beginTurn(stranger!, withKey(inExisting(own), key, "another")));
      });

      test("forgotten keys can be used again", async () => {
        const { owner, id } = await emptyConversation();
        const [early, late] = [randomUUID(), randomUUID()];
        const turn = (key: string, seconds: number) => ({
          ...withKey(inExisting(id), key),
          userMessage: { id: randomUUID(), content: "x", createdAt: at(seconds) },
        });
        await store().beginTurn(owner, turn(late, 200));
        await store().beginTurn(owner, turn(early, 100));
        await store().forgetIdempotencyKeys(at(200));
        begun(await store().beginTurn(owner, turn(early, 300)));
        assert.equal((await store().beginTurn(owner, turn(late, 300))).kind, "repeated");
      });
    });
  });
}
