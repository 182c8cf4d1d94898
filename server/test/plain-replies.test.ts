// What a plain reply costs: as many statements as before there were parts, and nothing that is bound or stored besides.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Call, Operation } from "../src/adapters/stores/sql/statement.ts";
import { openDatabase } from "../src/adapters/stores/sqlite/database.ts";
import { createExecutor } from "../src/adapters/stores/sqlite/executor.ts";
import { sqliteStatementWriter } from "../src/adapters/stores/sqlite/statement-writer.ts";
import { createThreadWork } from "../src/adapters/stores/sqlite/thread-messages.ts";
import { documentOf } from "../src/domain/message.ts";
import type { Part } from "../src/domain/parts.ts";
import {
  aConversation,
  anEnding,
  aPiece,
  aTurn,
  inExisting,
  newOwner,
} from "./store-contract/fixtures.ts";

const TEXT = "An answer of one part of text";

test("a plain reply takes two statements to begin and two to end, and nothing is bound or stored for its parts", () => {
  const directory = mkdtempSync(join(tmpdir(), "colloquy-plain-"));
  const database = openDatabase(directory, "OFF");
  try {
    const executor = createExecutor(database);
    const { writes } = createThreadWork(sqliteStatementWriter());
    let calls: Call[] = [];
    function* watched<Result>(operation: Operation<Result>): Operation<Result> {
      calls = [];
      for (let next = operation.next(); ; ) {
        if (next.done) return next.value;
        calls.push(next.value);
        next = operation.next(yield next.value);
      }
    }
    /** How many statements, and how many bytes of text are bound to them. */
    const costOf = (operation: Operation<unknown>): [statements: number, bytes: number] => {
      executor.run(watched(operation));
      const texts = calls.flatMap(({ values }) =>
        values.filter((value) => typeof value === "string"),
      );
      return [calls.length, Buffer.byteLength(texts.join(""))];
    };
    const owner = newOwner();
    const { tenantId, userId } = owner;
    const conversation = aConversation({ title: "T" });
    executor.run(writes.createConversation(owner, conversation, []));
    const own = tenantId.length + Buffer.byteLength(userId);

    /** What beginning, a checkpoint and ending cost for a reply of these parts. */
    const costsOf = (parts: readonly Part[]) => {
      const turn = aTurn(inExisting(conversation.id));
      const replyId = turn.reply.id;
      const document = documentOf(parts);
      const begin = costOf(writes.beginTurn(owner, turn));
      const finish = costOf(writes.finishReply(owner, replyId, anEnding("", document), false));
      const row = database
        .prepare("SELECT parts, content, reasoning FROM messages WHERE id = ?")
        .get(replyId);
      return { replyId, begin, finish, row: { ...row } };
    };

    const plain = costsOf([{ type: "text", text: TEXT }]);
    const { usage, model, status, finishReason } = anEnding(TEXT);
    const bound = [
      plain.replyId,
      status,
      TEXT,
      model,
      JSON.stringify(usage),
      finishReason,
      "streaming",
    ];
    assert.equal(plain.begin[0], 2);
    assert.deepEqual(plain.finish, [
      2,
      Buffer.byteLength(bound.join("")) + conversation.id.length + 2 * own,
    ]);
    assert.deepEqual(plain.row, { parts: null, content: TEXT, reasoning: null });

    const thought = costsOf([
      { type: "reasoning", text: "Hm" },
      { type: "text", text: TEXT },
    ]);
    assert.deepEqual([thought.begin, thought.finish], [plain.begin, [2, plain.finish[1] + 2]]);
    assert.deepEqual(thought.row, { parts: null, content: TEXT, reasoning: "Hm" });

    const mixed = costsOf([
      { type: "text", text: TEXT },
      { type: "refusal", text: "No" },
    ]);
    assert.equal(mixed.finish[0], 2);
    assert.equal(mixed.row.content, `${TEXT}No`);
    assert.ok(!String(mixed.row.parts).includes(TEXT), "no text is kept twice");

    const running = aTurn(inExisting(conversation.id));
    executor.run(writes.beginTurn(owner, running));
    const piece = aPiece(owner, running.reply.id, TEXT);
    assert.deepEqual(costOf(writes.checkpoint([piece])), [
      1,
      Buffer.byteLength(TEXT) + running.reply.id.length + own,
    ]);
  } finally {
    database.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
