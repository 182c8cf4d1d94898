// Every path of a conversation that is a tree, against a model that copies the paths. On both stores.
// Campaign: TREES middle=500 in 90 s, full=20000 in 2700 s
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import type { Store } from "../src/ports/store.ts";
import { growTree } from "./branch-trees.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createDatabase } from "./services.ts";

const TREES = Number(process.env.TREES ?? 24);
const FIRST_SEED = Number(process.env.TREES_SEED ?? 1);
/** So many at a time, so that they share commits. */
const AT_ONCE = 32;
const STEPS = 24;

async function growTrees(store: Store): Promise<void> {
  const seeds = Array.from({ length: TREES }, (_, index) => FIRST_SEED + index).values();
  let branches = 0;
  const grow = async () => {
    for (const seed of seeds)
      try {
        const grown = await growTree(store, seed, STEPS);
        branches += grown;
      } catch (error) {
        throw new Error(`TREES=1 TREES_SEED=${seed}`, { cause: error });
      }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, grow));
  assert.ok(branches > 4 * TREES, `${branches} branches`);
}

test(`SQLite: ${TREES} random trees of edits, versions, deletions and stops have the paths of a model`, async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-trees-"));
  try {
    await using store = await openSqliteStore({ directory, exclusive: true, synchronous: "OFF" });
    await growTrees(store);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test(`PostgreSQL: ${TREES} random trees of edits, versions, deletions and stops have the paths of a model`, {
  skip: skipWithoutPostgres(),
}, async () => {
  await using database = await createDatabase();
  await using store = await openPostgresStore({ url: database.url, isServer: true });
  await growTrees(store);
});
