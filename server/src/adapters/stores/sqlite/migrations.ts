import { SESSION_ISSUER_MIGRATION } from "../sql/browser-sessions.ts";
import { CLAIMS_MIGRATION } from "../sql/keys.ts";
import { TURN_LISTS_MIGRATION } from "../sql/turn-lists.ts";
import { ARCHIVED_MIGRATION } from "./archived-migration.ts";
import { BRANCHES_MIGRATION } from "./branches-migration.ts";
import { BROWSER_SESSIONS_MIGRATION } from "./browser-sessions-migration.ts";
import { CONVERSATION_COUNTS_MIGRATION } from "./conversation-counts-migration.ts";
import { FILES_MIGRATION } from "./files-migration.ts";
import { FIRST_MIGRATIONS } from "./first-migrations.ts";
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
  ...FIRST_MIGRATIONS,
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
