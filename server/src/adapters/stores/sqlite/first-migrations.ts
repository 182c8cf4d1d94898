/** From an empty file to the versions before messages had files. Nothing is added to them: new ones are in migrations.ts. */
export const FIRST_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE conversations (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    title TEXT,
    is_pinned INTEGER NOT NULL,
    agent_id TEXT,
    mode TEXT,
    origin TEXT NOT NULL,
    alias TEXT,
    next_sequence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  -- Two entries change on every turn, so there is one index for two questions: the list, and the
  -- latest of an origin, which is among the owner's last used ones or begins anew.
  CREATE INDEX conversations_by_use ON conversations (tenant_id, owner_id, updated_at, origin);
  CREATE INDEX conversations_by_creation ON conversations (tenant_id, owner_id, created_at);
  CREATE UNIQUE INDEX conversations_by_alias ON conversations (tenant_id, owner_id, alias)
    WHERE alias IS NOT NULL;

  CREATE TABLE messages (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
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
    UNIQUE (conversation_id, sequence)
  ) STRICT;
  CREATE INDEX messages_in_progress ON messages (row_id) WHERE status = 'streaming';

  CREATE TABLE agents (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    instructions TEXT NOT NULL,
    model TEXT,
    temperature REAL,
    voice TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  ) STRICT;

  CREATE TABLE idempotency_keys (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (created_at);

  CREATE TABLE api_keys (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    act_as INTEGER NOT NULL,
    is_operator INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  
  -- What the search index holds is decided by two marks: rows above them are not in it yet, and
  -- neither are the pending ones below. So storing a message costs the index nothing.
  -- The item (and rowid) of a message is twice its row_id, that of a title one more.
  -- Words come to it marked with their owner (search-words.ts).
  CREATE VIRTUAL TABLE search_index USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'ascii'
  );
  CREATE TABLE search_owners (
    number INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    UNIQUE (tenant_id, owner_id)
  ) STRICT;
  CREATE TABLE search_progress (conversations INTEGER NOT NULL, messages INTEGER NOT NULL) STRICT;
  INSERT INTO search_progress VALUES (0, 0);
  CREATE TABLE search_pending (item INTEGER PRIMARY KEY) STRICT;

  CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
    DELETE FROM search_index WHERE rowid = old.row_id * 2;
    DELETE FROM search_pending WHERE item = old.row_id * 2;
    UPDATE search_progress
      SET messages = min(messages, coalesce((SELECT max(row_id) FROM messages), 0));
  END;
  CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations BEGIN
    DELETE FROM search_index WHERE rowid = old.row_id * 2 + 1;
    DELETE FROM search_pending WHERE item = old.row_id * 2 + 1;
    UPDATE search_progress
      SET conversations = min(conversations, coalesce((SELECT max(row_id) FROM conversations), 0));
  END;
  `,
  `
  CREATE TABLE audit_events (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    tenant_id TEXT,
    user_id TEXT,
    actor TEXT,
    address TEXT,
    about TEXT,
    reason TEXT,
    count INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX audit_events_by_about ON audit_events (about, action);
  CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events BEGIN
    SELECT raise(ABORT, 'the audit log is only ever added to');
  END;
  -- REPLACE deletes without asking the trigger above.
  CREATE TRIGGER audit_events_stay_in_place BEFORE INSERT ON audit_events
    WHEN EXISTS (SELECT 1 FROM audit_events WHERE row_id = new.row_id) BEGIN
    SELECT raise(ABORT, 'the audit log is only ever added to');
  END;
  CREATE TRIGGER audit_events_stay_the_same BEFORE UPDATE ON audit_events BEGIN
    SELECT raise(ABORT, 'the audit log is only ever added to');
  END;

  CREATE TABLE token_usage (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, day)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX api_keys_revoked ON api_keys (id) WHERE revoked_at IS NOT NULL;
  `,
  `
  CREATE TABLE tickets (
    hash TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    is_operator INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Messages that another one took the place of, kept for a short time as they were. Their columns are those of messages.
  CREATE TABLE replaced_messages (
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
    replaced_by TEXT NOT NULL,
    replaced_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, conversation_id, replaced_by, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replaced_messages_by_time ON replaced_messages (replaced_at);

  -- The model that the conversation is answered by; null: its agent's, or the server's usual one.
  ALTER TABLE conversations ADD COLUMN model TEXT;
  `,
  `
  ALTER TABLE messages ADD COLUMN reasoning_ms INTEGER;
  ALTER TABLE messages ADD COLUMN finish_reason TEXT;
  ALTER TABLE messages ADD COLUMN interrupted_by TEXT;
  `,
  `
  -- What was added to a reply in progress, a row a checkpoint, until its end puts the text into its own row.
  CREATE TABLE reply_pieces (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, reply_id, number)
  ) STRICT;
  CREATE TRIGGER reply_pieces_deleted AFTER DELETE ON messages WHEN old.status = 'streaming' BEGIN
    DELETE FROM reply_pieces WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND reply_id = old.id;
  END;
  `,
  `
  -- A turn asks for the replies of its conversation that are in progress.
  DROP INDEX messages_in_progress;
  CREATE INDEX messages_in_progress ON messages (conversation_id, sequence)
    WHERE status = 'streaming';
  `,
  `
  -- The reply that a ticket is for, and how long; null: it is for a socket.
  ALTER TABLE tickets ADD COLUMN conversation_id TEXT;
  ALTER TABLE tickets ADD COLUMN reply_id TEXT;
  ALTER TABLE tickets ADD COLUMN usable_until INTEGER;
  `,
  `
  -- The models that a key may use, as a JSON array of names; null: every model of the server.
  ALTER TABLE api_keys ADD COLUMN models TEXT;
  ALTER TABLE tickets ADD COLUMN models TEXT;
  `,
];
