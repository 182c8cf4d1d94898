import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCheckpoints } from "../../src/core/turns/checkpoints.ts";
import { growingParts } from "../../src/domain/growing-parts.ts";
import { documentOf, partsOf } from "../../src/domain/message.ts";
import { cutAtText, type Part } from "../../src/domain/parts.ts";
import type { Store } from "../../src/ports/store.ts";
import {
  aConversation,
  anEnding,
  aTurn,
  at,
  begun,
  inExisting,
  newOwner,
  type OpenStore,
  sharedStore,
} from "./fixtures.ts";

const CALL = {
  type: "tool_call",
  callId: "1",
  source: "client",
  name: "look",
  arguments: '{"at":"😀"}',
} as const;
/** One of each kind, with words among them. */
export const EVERY_PART: readonly Part[] = [
  { type: "reasoning", text: "Hm, 漢 " },
  { type: "text", text: "Let me \ud83d\ude00 look. " },
  CALL,
  { type: "tool_result", callId: "1", outcome: "ok", text: 'Seen "it"' },
  { type: "file", file: { id: "f", name: "a.png", mediaType: "image/png", bytes: 9 } },
  { type: "reasoning", text: "So." },
  { type: "text", text: "It is there" },
  { type: "citation", title: "T", url: "https://e.org", fileId: null, quote: "q", from: 0, to: 3 },
  { type: "refusal", text: "No more" },
  { type: "text", text: "Sorry" },
];

/** Checkpoints of one reply, each made when it is asked for. */
function checkpointing(
  store: Pick<Store, "checkpoint">,
  owner: ReturnType<typeof newOwner>,
  replyId: string,
  leavesCalls = false,
) {
  const reply = growingParts();
  let wake = Promise.withResolvers<void>();
  const ending = new AbortController();
  let writing: Promise<void> = Promise.resolve();
  const checkpoint: Store["checkpoint"] = (additions) => {
    writing = store.checkpoint(additions);
    return writing;
  };
  const checkpoints = createCheckpoints(
    { checkpoint },
    {
      now: () => at(0),
      sleep: async () => wake.promise,
    },
  );
  const { note } = checkpoints.add({ owner, replyId, reply, leavesCalls });
  const running = checkpoints.run(ending.signal);
  return {
    reply,
    note,
    /** Resolves when what there is has been kept. */
    async keep() {
      const { resolve } = wake;
      wake = Promise.withResolvers();
      resolve();
      await new Promise(setImmediate);
      await writing;
      await new Promise(setImmediate);
    },
    async end() {
      ending.abort();
      wake.resolve();
      await running;
    },
  };
}

export function partsContract(open: OpenStore): void {
  describe("the parts of messages", () => {
    const store = sharedStore(open);

    async function aReply() {
      const owner = newOwner();
      const { id } = await store().createConversation(owner, aConversation(), []);
      const { reply, userMessage } = begun(await store().beginTurn(owner, aTurn(inExisting(id))));
      return { owner, id, reply, userMessage };
    }

    test("calls of the server's tools are kept with what becomes of them, or not at all", async () => {
      const { owner, reply } = await aReply();
      const kept = checkpointing(store(), owner, reply.id, true);
      const shown = async () => {
        const message = await store().getMessage(owner, reply.id);
        return message && partsOf(message);
      };
      const said: Part[] = [{ type: "text", text: "Let me look. " }, CALL];
      for (const part of said) kept.reply.add(part);
      await kept.keep();
      assert.deepEqual(await shown(), said.slice(0, 1));
      await kept.keep();
      assert.deepEqual(await shown(), said.slice(0, 1));
      const write = async (addition: Parameters<Store["checkpoint"]>[0][0] | null) => {
        if (addition) await store().checkpoint([addition]);
        return true;
      };
      assert.ok(await kept.note([], write));
      assert.deepEqual(await shown(), said);
      const result = { type: "tool_result", callId: "1", outcome: "ok", text: "Seen" } as const;
      assert.ok(await kept.note([result], write));
      kept.reply.add(result);
      const more: Part[] = [
        { type: "text", text: "So." },
        { ...CALL, callId: "2" },
      ];
      for (const part of more) kept.reply.add(part);
      await kept.keep();
      assert.deepEqual(await shown(), [...said, result, ...more.slice(0, 1)]);
      await kept.end();
    });

    test("a reply comes back with the parts that it ended with, and its words are its content", async () => {
      const { owner, id, reply, userMessage } = await aReply();
      const end = anEnding("", documentOf(EVERY_PART));
      const finished = await store().finishReply(owner, reply.id, end);
      assert.deepEqual(finished?.parts, EVERY_PART);
      const expected = {
        content: "Let me 😀 look. It is thereNo moreSorry",
        reasoning: "Hm, 漢 So.",
      };
      assert.deepEqual([finished?.content, finished?.reasoning], Object.values(expected));
      assert.deepEqual(await store().getMessage(owner, reply.id), finished);
      assert.deepEqual(await store().listMessages(owner, id), [userMessage, finished]);
      assert.deepEqual((await store().getTurn(owner, reply.id))?.reply, finished);
      const recent = await store().recentMessages(owner, id, { maxCharacters: 1_000 });
      assert.deepEqual(recent.at(-1), finished);
    });

    test("a reply of reasoning and text alone has no other parts, and is the document of both", async () => {
      const { owner, reply, userMessage } = await aReply();
      const plain: Part[] = [
        { type: "reasoning", text: "Hm" },
        { type: "text", text: "So" },
      ];
      const finished = await store().finishReply(owner, reply.id, anEnding("", documentOf(plain)));
      assert.equal(finished?.parts, null);
      assert.deepEqual(partsOf(finished ?? assert.fail()), plain);
      assert.deepEqual(partsOf(userMessage), [{ type: "text", text: "Hello" }]);
    });

    test("checkpoints keep what was added, so that a reply in progress is read as far as it was kept", async () => {
      const { owner, reply } = await aReply();
      const kept = checkpointing(store(), owner, reply.id);
      for (const part of EVERY_PART) {
        kept.reply.add(part);
        if (part.type === "tool_call") kept.reply.grow(" ");
        await kept.keep();
        const read = (await store().getMessage(owner, reply.id)) ?? assert.fail();
        assert.deepEqual(partsOf(read), kept.reply.parts(), part.type);
        assert.deepEqual((await store().getTurn(owner, reply.id))?.reply, read);
      }
      await kept.end();
    });

    test("a reply that is cut to what was heard keeps the parts before that, and no more words", async () => {
      const { owner, reply } = await aReply();
      await store().finishReply(owner, reply.id, anEnding("", documentOf(EVERY_PART)));
      for (const heard of [30, 17, 9, 0]) {
        const parts = cutAtText(EVERY_PART, heard);
        assert.ok(await store().truncateReply(owner, reply.id, documentOf(parts)));
        const read = (await store().getMessage(owner, reply.id)) ?? assert.fail();
        assert.deepEqual(partsOf(read), parts);
        assert.equal(read.content.length, heard);
        assert.equal(read.reasoning, heard > 16 ? "Hm, 漢 So." : "Hm, 漢 ");
      }
    });

    test("what a message took the place of comes back with its parts", async () => {
      const { owner, id, reply, userMessage } = await aReply();
      const finished = await store().finishReply(
        owner,
        reply.id,
        anEnding("", documentOf(EVERY_PART)),
      );
      const target = { kind: "existing", conversationId: id, replaceFrom: userMessage.id } as const;
      const other = begun(await store().beginTurn(owner, aTurn(target, "Instead")));
      await store().finishReply(owner, other.reply.id, anEnding("Other"));
      const stamp = { at: at(30), actor: "user" };
      await store().restoreReplaced(owner, id, other.userMessage.id, stamp);
      assert.deepEqual(await store().getMessage(owner, reply.id), finished);
    });

    test("a reply that was lost with its server keeps the parts of its last checkpoint", async () => {
      let own = await open();
      try {
        const owner = newOwner();
        const { id } = await own.createConversation(owner, aConversation(), []);
        const { reply } = begun(await own.beginTurn(owner, aTurn(inExisting(id))));
        const plain = begun(await own.beginTurn(owner, aTurn(inExisting(id))));
        const kept = checkpointing(own, owner, reply.id);
        for (const part of EVERY_PART) {
          kept.reply.add(part);
          await kept.keep();
        }
        await kept.end();
        await own.close();
        own = await open(own);
        await own.interruptAbandonedReplies(at(60));
        const read = (await own.getMessage(owner, reply.id)) ?? assert.fail();
        assert.deepEqual([read.status, read.interruptedBy], ["interrupted", "crash"]);
        assert.deepEqual(read.parts, EVERY_PART);
        assert.equal((await own.getMessage(owner, plain.reply.id))?.parts, null);
      } finally {
        await own.close();
      }
    });
  });
}
