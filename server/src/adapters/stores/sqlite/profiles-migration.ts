/** What people keep for all their conversations. */
export const PROFILES_MIGRATION = `
  -- What people keep for all their conversations.
  CREATE TABLE profiles (
    row_id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    instructions TEXT NOT NULL,
    are_instructions_on INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant_id, owner_id)
  ) STRICT;
  `;
