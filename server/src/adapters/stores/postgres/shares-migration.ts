/** Links with which anybody reads a conversation up to a message. They go with the conversation. */
export const SHARES_MIGRATION = `
  CREATE TABLE shares (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL UNIQUE,
    conversation_id text COLLATE "C" NOT NULL,
    last_sequence bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, id),
    FOREIGN KEY (tenant_id, owner_id, conversation_id) REFERENCES conversations ON DELETE CASCADE
  );
  CREATE INDEX shares_by_conversation ON shares (tenant_id, owner_id, conversation_id);
  ALTER TABLE shares ENABLE ROW LEVEL SECURITY;
  ALTER TABLE shares FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON shares USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
`;
