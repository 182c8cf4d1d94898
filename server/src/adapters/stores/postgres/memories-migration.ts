/** What models remember of people, and whether they may. */
export const MEMORIES_MIGRATION = `
  CREATE TABLE memories (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  );
  ALTER TABLE memories ENABLE ROW LEVEL SECURITY;
  ALTER TABLE memories FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON memories USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
  ALTER TABLE profiles ADD COLUMN is_memory_on integer NOT NULL DEFAULT 0;
`;
