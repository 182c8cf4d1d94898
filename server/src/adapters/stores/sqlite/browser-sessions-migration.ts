/** The browsers in which people have signed in by the provider. */
export const BROWSER_SESSIONS_MIGRATION = `
  CREATE TABLE browser_sessions (
    hash TEXT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    provider_session TEXT,
    is_operator INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX browser_sessions_by_id ON browser_sessions (id);
  CREATE INDEX browser_sessions_by_subject ON browser_sessions (subject);
  CREATE INDEX browser_sessions_by_provider_session ON browser_sessions (provider_session)
    WHERE provider_session IS NOT NULL;
  CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
  CREATE INDEX browser_sessions_ended ON browser_sessions (id) WHERE ended_at IS NOT NULL;
`;
