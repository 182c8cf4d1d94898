/**
 * What a turn is besides its messages: `turn` is a TurnRecord (domain/message.ts) as JSON. A hidden conversation is
 * in no list of its owner's, and so not in the index that lists read.
 */
export const TURN_RECORD_MIGRATION = `
  ALTER TABLE messages ADD COLUMN turn text;
  ALTER TABLE replaced_messages ADD COLUMN turn text;
  ALTER TABLE conversations ADD COLUMN is_hidden smallint NOT NULL DEFAULT 0;
  DROP INDEX conversations_by_use;
  CREATE INDEX conversations_by_use ON conversations (tenant_id, owner_id, updated_at, row_id)
    WHERE is_hidden = 0;
`;
