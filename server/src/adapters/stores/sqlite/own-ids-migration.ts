/** The id of a message becomes its owner's own. */
export const OWN_IDS_MIGRATION = `
  -- The id of a message is its owner's own: two owners may choose the same one, and neither notices. SQLite cannot drop
  -- the constraint of a column, so the table is made anew. Its rows keep their numbers, by which the search index knows
  -- them. Dropping a table runs none of its triggers.
  CREATE TABLE messages_of_owners (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    model TEXT,
    usage TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    content TEXT NOT NULL,
    reasoning TEXT,
    reasoning_ms INTEGER,
    finish_reason TEXT,
    interrupted_by TEXT,
    UNIQUE (id, owner_id, tenant_id),
    UNIQUE (conversation_id, sequence)
  ) STRICT;
  INSERT INTO messages_of_owners (row_id, id, conversation_id, tenant_id, owner_id, sequence, role,
      status, model, usage, error, created_at, finished_at, content, reasoning, reasoning_ms,
      finish_reason, interrupted_by)
    SELECT row_id, id, conversation_id, tenant_id, owner_id, sequence, role,
      status, model, usage, error, created_at, finished_at, content, reasoning, reasoning_ms,
      finish_reason, interrupted_by
    FROM messages ORDER BY row_id;
  DROP TABLE messages;
  ALTER TABLE messages_of_owners RENAME TO messages;
  CREATE INDEX messages_in_progress ON messages (conversation_id, sequence)
    WHERE status = 'streaming';
  CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
    DELETE FROM search_index WHERE rowid = old.row_id * 2;
    DELETE FROM search_pending WHERE item = old.row_id * 2;
    UPDATE search_progress
      SET messages = min(messages, coalesce((SELECT max(row_id) FROM messages), 0));
  END;
  CREATE TRIGGER reply_pieces_deleted AFTER DELETE ON messages WHEN old.status = 'streaming' BEGIN
    DELETE FROM reply_pieces WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND reply_id = old.id;
  END;
  `;
