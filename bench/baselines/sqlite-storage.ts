import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LISTED_TOTAL } from "../sizes.ts";

const SCHEMA = `
CREATE TABLE conversations(
  id TEXT PRIMARY KEY, user_id TEXT, title TEXT, created_at INTEGER, updated_at INTEGER
) WITHOUT ROWID;
CREATE INDEX conversations_by_use ON conversations(user_id, updated_at DESC);
CREATE TABLE messages(
  id TEXT PRIMARY KEY, conversation_id TEXT, sequence INTEGER, role TEXT, content TEXT, created_at INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX messages_in_order ON messages(conversation_id, sequence);`;

const USER = "user";

export type StoredMessage = {
  readonly id: string;
  readonly conversation_id: string;
  readonly role: string;
  readonly content: string;
  readonly created_at: number;
};

/** Opens a new database: WAL, one transaction a write. */
export function openStorage(file: string, synchronous: string) {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  const database = new DatabaseSync(file);
  database.exec(
    `PRAGMA journal_mode=WAL; PRAGMA synchronous=${synchronous === "NORMAL" ? "NORMAL" : "FULL"}; PRAGMA cache_size=-65536; ${SCHEMA}`,
  );
  const insertConversation = database.prepare("INSERT INTO conversations VALUES(?, ?, ?, ?, ?)");
  const insertMessage = database.prepare("INSERT INTO messages VALUES(?, ?, ?, ?, ?, ?)");
  const touchConversation = database.prepare(
    "UPDATE conversations SET updated_at = ? WHERE id = ?",
  );
  const selectPage = database.prepare(
    "SELECT id, title, created_at, updated_at FROM conversations WHERE user_id = ? ORDER BY updated_at DESC LIMIT ? OFFSET ?",
  );
  const countAll = database.prepare(
    "SELECT count(*) AS total FROM conversations WHERE user_id = ?",
  );

  database.exec("BEGIN");
  for (let number = 0; number < LISTED_TOTAL; number++) {
    insertConversation.run(`c${number}`, USER, `Conversation ${number}`, number, number);
  }
  database.exec("COMMIT");

  let sequence = 0;
  return {
    saveMessage(conversationId: string, role: string, content: string): StoredMessage {
      const id = randomUUID();
      const now = Date.now();
      sequence += 1;
      database.exec("BEGIN IMMEDIATE");
      insertMessage.run(id, conversationId, sequence, role, content, now);
      touchConversation.run(now, conversationId);
      database.exec("COMMIT");
      return { id, conversation_id: conversationId, role, content, created_at: now };
    },
    listConversations(limit: number, offset: number) {
      const total = Number(countAll.get(USER)?.total);
      return { items: selectPage.all(USER, limit, offset), total };
    },
  };
}
