/** 1: a conversation is out of the list that is asked for without archived ones. */
export const ARCHIVED_MIGRATION = `
  ALTER TABLE conversations ADD COLUMN is_archived INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX conversations_archived ON conversations (tenant_id, owner_id, updated_at)
    WHERE is_hidden = 0 AND is_archived = 1;
`;
