import { SESSION_ISSUER_MIGRATION } from "../sql/browser-sessions.ts";
import { CLAIMS_MIGRATION } from "../sql/keys.ts";
import { TURN_LISTS_MIGRATION } from "../sql/turn-lists.ts";
import { ALLOWED_MODELS_MIGRATION } from "./allowed-models-migration.ts";
import { ARCHIVED_MIGRATION } from "./archived-migration.ts";
import { BRANCHES_MIGRATION } from "./branches-migration.ts";
import { BROWSER_SESSIONS_MIGRATION } from "./browser-sessions-migration.ts";
import { COMMIT_MARKS_MIGRATION } from "./commit-marks-migration.ts";
import { EXPIRY_MIGRATION } from "./expiry-migration.ts";
import { FILES_MIGRATION } from "./files-migration.ts";
import { FIRST_MIGRATION } from "./first-migration.ts";
import { INVITATIONS_MIGRATION } from "./invitations-migration.ts";
import { MEMORIES_MIGRATION } from "./memories-migration.ts";
import { ownerOnly } from "./owner-only.ts";
import { PROFILES_MIGRATION } from "./profiles-migration.ts";
import { PROJECTS_MIGRATION } from "./projects-migration.ts";
import { PROMPTS_MIGRATION } from "./prompts-migration.ts";
import { QUESTIONS_MIGRATION } from "./questions-migration.ts";
import { REPLY_PIECES_MIGRATION } from "./reply-pieces-migration.ts";
import { REPLY_STEPS_MIGRATION } from "./reply-steps-migration.ts";
import { SHARES_MIGRATION } from "./shares-migration.ts";
import { TOOL_SIGN_INS_MIGRATION } from "./tool-sign-ins-migration.ts";
import { TURN_RECORD_MIGRATION } from "./turn-record-migration.ts";

/**
 * What leads from one version of the database to the next: the first makes version 1 of an empty
 * one. A migration that was released is never changed; a change is a new one at the end.
 *
 * Every key holds the owner, so that a sharded PostgreSQL can split by owner_id. The one that does not
 * is conversations_by_id, which only keeps two owners from having the same id: drop it there.
 */
export const MIGRATIONS: readonly string[] = [
  FIRST_MIGRATION,
  `
  CREATE TABLE audit_events (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    action text COLLATE "C" NOT NULL,
    tenant_id text,
    user_id text,
    actor text,
    address text,
    about text COLLATE "C",
    reason text,
    count bigint NOT NULL
  );
  CREATE INDEX audit_events_by_about ON audit_events (about, action);
  CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
  END $$;
  CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_stay();
  CREATE TRIGGER audit_events_stay_all BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay();

  CREATE TABLE token_usage (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    day bigint NOT NULL,
    tokens bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, day)
  );

  CREATE INDEX api_keys_revoked ON api_keys (id) WHERE revoked_at IS NOT NULL;
  `,
  `
  CREATE TABLE tickets (
    hash text PRIMARY KEY,
    tenant_id text NOT NULL,
    user_id text NOT NULL,
    proof text NOT NULL,
    is_operator bigint NOT NULL,
    expires_at bigint NOT NULL
  );
  `,
  COMMIT_MARKS_MIGRATION,
  `
  -- Messages that another one took the place of, kept for a short time as they were. Their columns are those of messages.
  CREATE TABLE replaced_messages (
    id text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    role text NOT NULL,
    status text NOT NULL,
    model text,
    usage text,
    error text,
    created_at bigint NOT NULL,
    finished_at bigint,
    content text NOT NULL,
    reasoning text,
    reasoning_ms bigint,
    finish_reason text,
    interrupted_by text,
    replaced_by text COLLATE "C" NOT NULL,
    replaced_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, conversation_id, replaced_by, sequence)
  );
  CREATE INDEX replaced_messages_by_time ON replaced_messages (replaced_at);

  ${ownerOnly("replaced_messages")}

  -- The model that the conversation is answered by; null: its agent's, or the server's usual one.
  ALTER TABLE conversations ADD COLUMN model text;
  `,
  `
  ALTER TABLE messages ADD COLUMN reasoning_ms bigint;
  ALTER TABLE messages ADD COLUMN finish_reason text COLLATE "C";
  ALTER TABLE messages ADD COLUMN interrupted_by text COLLATE "C";
  `,
  REPLY_PIECES_MIGRATION,
  `
  -- A turn asks for the replies of its conversation that are in progress.
  CREATE INDEX messages_in_progress_by_place ON messages (conversation_id, sequence)
    WHERE status = 'streaming';
  `,
  `
  -- The reply that a ticket is for, and how long; null: it is for a socket.
  ALTER TABLE tickets ADD COLUMN conversation_id text COLLATE "C";
  ALTER TABLE tickets ADD COLUMN reply_id text COLLATE "C";
  ALTER TABLE tickets ADD COLUMN usable_until bigint;
  `,
  ALLOWED_MODELS_MIGRATION,
  FILES_MIGRATION,
  `
  -- What a message consists of, where that is more than its reasoning and one part of text: what is taken in turn from
  -- those two columns, and the parts that are neither, as a JSON array. A piece of a reply has steps of it.
  ALTER TABLE messages ADD COLUMN parts text;
  ALTER TABLE replaced_messages ADD COLUMN parts text;
  ALTER TABLE reply_pieces ADD COLUMN layout text;
  `,
  BRANCHES_MIGRATION,
  `
  -- 1: the title is the first words of the first message, which nobody gave.
  ALTER TABLE conversations ADD COLUMN is_named_by_words integer NOT NULL DEFAULT 0;
  `,
  TURN_RECORD_MIGRATION,
  `
  -- The session that a client secret opens, as a JSON object, as often as it is shown; null: it is no such secret.
  ALTER TABLE tickets ADD COLUMN session text;
  `,
  // What clients attach to a conversation: a JSON object of texts.
  "ALTER TABLE conversations ADD COLUMN metadata text;",
  PROFILES_MIGRATION,
  REPLY_STEPS_MIGRATION,
  TURN_LISTS_MIGRATION,
  SHARES_MIGRATION,
  EXPIRY_MIGRATION,
  PROMPTS_MIGRATION,
  QUESTIONS_MIGRATION,
  BROWSER_SESSIONS_MIGRATION,
  ARCHIVED_MIGRATION,
  SESSION_ISSUER_MIGRATION,
  PROJECTS_MIGRATION,
  "ALTER TABLE tool_questions ADD COLUMN result text; -- what a client has made of a call, as JSON",
  INVITATIONS_MIGRATION,
  CLAIMS_MIGRATION,
  MEMORIES_MIGRATION,
  TOOL_SIGN_INS_MIGRATION,
];
