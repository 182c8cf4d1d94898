/** Links with which anybody reads a conversation up to a message. They go with the conversation. */
export const SHARES_MIGRATION = `
  CREATE TABLE shares (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    id TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL,
    last_sequence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX shares_by_conversation ON shares (conversation_id);
  CREATE TRIGGER shares_deleted AFTER DELETE ON conversations BEGIN
    DELETE FROM shares WHERE conversation_id = old.id AND tenant_id = old.tenant_id
      AND owner_id = old.owner_id;
  END;
`;
