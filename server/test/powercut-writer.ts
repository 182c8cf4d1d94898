// Stores messages as fast as it can, and says which are acknowledged:
//   node server/test/powercut-writer.ts FOLDER FULL|NORMAL
import { randomUUID } from "node:crypto";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { aTurn } from "./store-contract/fixtures.ts";

const [directory = "", synchronous = "FULL"] = process.argv.slice(2);
const store = await openSqliteStore({
  directory,
  exclusive: true,
  synchronous: synchronous === "NORMAL" ? "NORMAL" : "FULL",
});
const WRITERS = 8;

async function write(owner: { tenantId: string; userId: string }): Promise<void> {
  for (;;) {
    const marker = randomUUID();
    const id = randomUUID();
    const conversation = {
      ...{ id, title: null, isPinned: false, agentId: null, model: null, mode: null, alias: null },
      ...{ origin: "chat", createdAt: new Date() },
    };
    await store.beginTurn(owner, aTurn({ kind: "new", conversation }, marker));
    process.stdout.write(`${marker}\n`);
  }
}

await Promise.all(
  Array.from({ length: WRITERS }, (_, index) =>
    write({ tenantId: "local", userId: `user-${index}` }),
  ),
);
