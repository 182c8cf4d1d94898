// Stores messages, versions of them and files as fast as it can, and says which are acknowledged:
//   node server/test/powercut-writer.ts FOLDER FULL|NORMAL
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { folderFileStore } from "../src/adapters/file-stores/folder/file-store.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { attachmentOf, type StoredFile } from "../src/domain/file.ts";
import type { Owner } from "../src/domain/principal.ts";
import { aFile } from "./store-contract/files.ts";
import { aTurn } from "./store-contract/fixtures.ts";

const [directory = "", synchronous = "FULL"] = process.argv.slice(2);
const store = await openSqliteStore({
  directory,
  exclusive: true,
  synchronous: synchronous === "NORMAL" ? "NORMAL" : "FULL",
});
const bytes = folderFileStore(join(directory, "files"));
const WRITERS = 8;
/** With NORMAL there are none: what makes a file durable makes the database durable, too, and the control would lose nothing. */
const FILE_WRITERS = synchronous === "NORMAL" ? 0 : 2;
const MAX_FILE_BYTES = 100_000;

async function keepFile(owner: Owner): Promise<StoredFile> {
  const content = [randomBytes(1 + Math.floor(Math.random() * MAX_FILE_BYTES))];
  const stored = await bytes.put(
    (async function* () {
      yield* content;
    })(),
    MAX_FILE_BYTES,
  );
  const file = await store.createFile(owner, aFile(stored), null);
  process.stdout.write(`file ${file.id}\n`);
  return file;
}

async function write(owner: Owner, hasFiles: boolean): Promise<void> {
  for (;;) {
    const marker = randomUUID();
    const id = randomUUID();
    const questionId = randomUUID();
    const files = hasFiles ? { attachments: [attachmentOf(await keepFile(owner))] } : {};
    const conversation = {
      ...{ id, title: null, isPinned: false, agentId: null, model: null, mode: null, alias: null },
      ...{ origin: "chat", createdAt: new Date() },
    };
    const userMessage = { id: questionId, content: marker, createdAt: new Date(), ...files };
    await store.beginTurn(owner, aTurn({ kind: "new", conversation }, marker, { userMessage }));
    process.stdout.write(`${marker}\n`);
    const version = randomUUID();
    const place = { kind: "version", questionId } as const;
    const target = { kind: "existing", conversationId: id, place } as const;
    await store.beginTurn(owner, aTurn(target, version));
    process.stdout.write(`${version}\n`);
  }
}

await Promise.all(
  Array.from({ length: WRITERS }, (_, index) =>
    write({ tenantId: "local", userId: `user-${index}` }, index < FILE_WRITERS),
  ),
);
