/** The texts that people keep in order to send them again. */
export const PROMPTS_MIGRATION = `
  CREATE TABLE prompts (
    row_id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  ) STRICT;
`;
