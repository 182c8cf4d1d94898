/** Links with which people sign in, once, and what their sessions have of them. */
export const INVITATIONS_MIGRATION = `
  CREATE TABLE invitations (
    id TEXT PRIMARY KEY NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    is_operator INTEGER NOT NULL,
    models TEXT,
    session_ms INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    over_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX invitations_by_end ON invitations (over_at);
  ALTER TABLE browser_sessions ADD COLUMN invitation_id TEXT;
  ALTER TABLE browser_sessions ADD COLUMN models TEXT;
  CREATE INDEX browser_sessions_by_invitation ON browser_sessions (invitation_id)
    WHERE invitation_id IS NOT NULL;
`;
