// How much of a large project one transaction takes: others write between two of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openOperations } from "./sqlite-operations.ts";
import { newOwner } from "./store-contract/fixtures.ts";
import { aProject, conversationsIn } from "./store-contract/projects.ts";

const CONVERSATIONS = 2_000;
const MOST_ROWS_AT_ONCE = 300;

test("[H65] deleting a project writes at most 300 rows at once, however many conversations it has", () => {
  using operations = openOperations();
  const { executor, reads, writes } = operations;
  const owner = newOwner();
  const project = aProject();
  executor.run(writes.createProject(owner, project));
  executor.run(writes.importRecords(conversationsIn(owner, project.id, CONVERSATIONS)));
  const pieces: { rows: number; kept: number }[] = [];
  for (let isDeleted = false; !isDeleted; ) {
    const before = executor.changes;
    const piece = executor.run(writes.deleteProject(owner, project.id));
    assert.ok(piece, "the project is there until its last conversation is let go");
    pieces.push({ rows: executor.changes - before, kept: piece.conversations });
    isDeleted = piece.isDeleted;
  }
  const rows = pieces.map((piece) => piece.rows);
  assert.ok(Math.max(...rows) <= MOST_ROWS_AT_ONCE, `rows in a transaction: ${rows}`);
  assert.equal(
    pieces.reduce((sum, { kept }) => sum + kept, 0),
    CONVERSATIONS,
  );
  assert.equal(executor.run(reads.getProject(owner, project.id)), null);
});
