/** How far a reply of several steps has come (ReplySteps), as long as it is in progress. */
export const REPLY_STEPS_MIGRATION = `
  CREATE TABLE reply_steps (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    reply_id text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, reply_id),
    FOREIGN KEY (tenant_id, owner_id, reply_id) REFERENCES messages (tenant_id, owner_id, id)
      ON DELETE CASCADE
  );
  ALTER TABLE reply_steps ENABLE ROW LEVEL SECURITY;
  ALTER TABLE reply_steps FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON reply_steps USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
`;
