/** When a conversation is deleted; null: when somebody deletes it. */
export const EXPIRY_MIGRATION = `
  ALTER TABLE conversations ADD COLUMN expires_at bigint;
  CREATE INDEX conversations_by_expiry ON conversations (expires_at) WHERE expires_at IS NOT NULL;
`;
