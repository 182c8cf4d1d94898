import { SESSION_ISSUER_MIGRATION } from "../sql/browser-sessions.ts";
import { CLAIMS_MIGRATION } from "../sql/keys.ts";
import { TURN_LISTS_MIGRATION } from "../sql/turn-lists.ts";
import { ARCHIVED_MIGRATION } from "./archived-migration.ts";
import { BRANCHES_MIGRATION } from "./branches-migration.ts";
import { BROWSER_SESSIONS_MIGRATION } from "./browser-sessions-migration.ts";
import { CONVERSATION_COUNTS_MIGRATION } from "./conversation-counts-migration.ts";
import { FILES_MIGRATION } from "./files-migration.ts";
import { INVITATIONS_MIGRATION } from "./invitations-migration.ts";
import { MEMORIES_MIGRATION } from "./memories-migration.ts";
import { OWN_IDS_MIGRATION } from "./own-ids-migration.ts";
import { PROFILES_MIGRATION } from "./profiles-migration.ts";
import { PROJECTS_MIGRATION } from "./projects-migration.ts";
import { PROMPTS_MIGRATION } from "./prompts-migration.ts";
import { QUESTIONS_MIGRATION } from "./questions-migration.ts";
import { REPLY_STEPS_MIGRATION } from "./reply-steps-migration.ts";
import { SEARCH_PIECES_MIGRATION } from "./search-pieces-migration.ts";
import { SHARES_MIGRATION } from "./shares-migration.ts";
import { TOOL_SIGN_INS_MIGRATION } from "./tool-sign-ins-migration.ts";
import { TURN_RECORD_MIGRATION } from "./turn-record-migration.ts";

/**
 * What leads from one version of the database to the next: the first makes version 1 of an empty
 * file. A migration that was released is never changed; a change is a new one at the end.
 */
export const MIGRATIONS: readonly string[] = [
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
  OWN_IDS_MIGRATION,
  FILES_MIGRATION,
  `
  -- What a message consists of, where that is more than its reasoning and one part of text: what is taken in turn from
  -- those two columns, and the parts that are neither, as a JSON array. A piece of a reply has steps of it.
  ALTER TABLE messages ADD COLUMN parts TEXT;
  ALTER TABLE replaced_messages ADD COLUMN parts TEXT;
  ALTER TABLE reply_pieces ADD COLUMN layout TEXT;
  `,
  BRANCHES_MIGRATION,
  `
  -- 1: the title is the first words of the first message, which nobody gave.
  ALTER TABLE conversations ADD COLUMN is_named_by_words INTEGER NOT NULL DEFAULT 0;
  `,
  SEARCH_PIECES_MIGRATION,
  TURN_RECORD_MIGRATION,
  `
  -- The session that a client secret opens, as a JSON object, as often as it is shown; null: it is no such secret.
  ALTER TABLE tickets ADD COLUMN session TEXT;
  `,
  // What clients attach to a conversation: a JSON object of texts.
  "ALTER TABLE conversations ADD COLUMN metadata TEXT;",
  PROFILES_MIGRATION,
  REPLY_STEPS_MIGRATION,
  TURN_LISTS_MIGRATION,
  SHARES_MIGRATION,
  `
  -- When a conversation is deleted; null: when somebody deletes it.
  ALTER TABLE conversations ADD COLUMN expires_at INTEGER;
  CREATE INDEX conversations_by_expiry ON conversations (expires_at) WHERE expires_at IS NOT NULL;
  `,
  PROMPTS_MIGRATION,
  QUESTIONS_MIGRATION,
  BROWSER_SESSIONS_MIGRATION,
  ARCHIVED_MIGRATION,
  CONVERSATION_COUNTS_MIGRATION,
  SESSION_ISSUER_MIGRATION,
  PROJECTS_MIGRATION,
  "ALTER TABLE tool_questions ADD COLUMN result TEXT; -- what a client has made of a call, as JSON",
  INVITATIONS_MIGRATION,
  CLAIMS_MIGRATION,
  MEMORIES_MIGRATION,
  TOOL_SIGN_INS_MIGRATION,
];
