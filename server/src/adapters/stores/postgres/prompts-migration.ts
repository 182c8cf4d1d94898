/** The texts that people keep in order to send them again. */
export const PROMPTS_MIGRATION = `
  CREATE TABLE prompts (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  );
  ALTER TABLE prompts ENABLE ROW LEVEL SECURITY;
  ALTER TABLE prompts FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON prompts USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
`;
