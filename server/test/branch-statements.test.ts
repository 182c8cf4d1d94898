// What a conversation without forks costs: every operation has as many statements as it had before there were branches.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../src/adapters/stores/sql/statement.ts";
import { openOperations } from "./sqlite-operations.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aTurn,
  at,
  inExisting,
  newOwner,
} from "./store-contract/fixtures.ts";

test("a conversation without forks is read and written with as few statements as before, and one with forks with a few more", () => {
  using operations = openOperations();
  const { executor, reads, writes } = operations;
  let statements = 0;
  function* counted<Result>(operation: Operation<Result>): Operation<Result> {
    statements = 0;
    for (let next = operation.next(); ; statements++) {
      if (next.done) return next.value;
      next = operation.next(yield next.value);
    }
  }
  const costs = (operation: Operation<unknown>): number => {
    executor.run(counted(operation));
    return statements;
  };
  const owner = newOwner();
  const conversation = aConversation({ title: "T" });
  const { id } = conversation;
  const turn = aTurn(inExisting(id));
  const later = aTurn(inExisting(id));
  const replacing = aTurn({
    kind: "existing",
    conversationId: id,
    replaceFrom: later.userMessage.id,
  });
  const ending = anEnding("answer");
  const list = [{ ...aMessage("said"), createdAt: at(30) }];

  assert.deepEqual(
    {
      create: costs(writes.createConversation(owner, conversation, [])),
      begin: costs(writes.beginTurn(owner, turn)),
      finish: costs(writes.finishReply(owner, turn.reply.id, ending, false)),
      append: costs(writes.appendMessages(owner, id, [aMessage("a note", { role: "system" })])),
      later: costs(writes.beginTurn(owner, later)),
      replace: costs(writes.beginTurn(owner, replacing)),
      list: costs(reads.listMessages(owner, id)),
      page: costs(reads.listMessages(owner, id, { limit: 2 })),
      before: costs(reads.listMessages(owner, id, { before: turn.reply.id, limit: 2 })),
      recent: costs(reads.recentMessages(owner, id, { maxCharacters: 1e6 })),
      recentBefore: costs(
        reads.recentMessages(owner, id, { maxCharacters: 1e6, beforeSequence: 3 }),
      ),
      running: costs(reads.replyRunningBefore(owner, id, 9)),
      turn: costs(reads.getTurn(owner, turn.reply.id)),
      put: costs(writes.updateConversation(owner, id, { messages: list, updatedAt: at(40) })),
      delete: costs(writes.deleteConversation(owner, id)),
    },
    {
      create: 1,
      begin: 2,
      finish: 2,
      append: 2,
      later: 2,
      replace: 5,
      list: 2,
      page: 2,
      before: 3,
      recent: 1,
      recentBefore: 1,
      running: 1,
      turn: 2,
      put: 6,
      delete: 3,
    },
  );

  const forked = aConversation({ title: "T" });
  executor.run(writes.createConversation(owner, forked, []));
  const first = aTurn(inExisting(forked.id));
  executor.run(writes.beginTurn(owner, first));
  const place = { kind: "answer", questionId: first.userMessage.id } as const;
  executor.run(
    writes.beginTurn(owner, aTurn({ kind: "existing", conversationId: forked.id, place })),
  );
  assert.deepEqual(
    {
      begin: costs(writes.beginTurn(owner, aTurn(inExisting(forked.id)))),
      list: costs(reads.listMessages(owner, forked.id)),
      delete: costs(writes.deleteConversation(owner, forked.id)),
    },
    { begin: 5, list: 4, delete: 4 },
  );
});
