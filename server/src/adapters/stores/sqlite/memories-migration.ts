/** What models remember of people, and whether they may. */
export const MEMORIES_MIGRATION = `
  CREATE TABLE memories (
    row_id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  ) STRICT;
  ALTER TABLE profiles ADD COLUMN is_memory_on INTEGER NOT NULL DEFAULT 0;
`;
