/** The browsers in which people have signed in by the provider. */
export const BROWSER_SESSIONS_MIGRATION = `
  CREATE TABLE browser_sessions (
    hash text COLLATE "C" PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    provider_session text COLLATE "C",
    is_operator integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint
  );
  CREATE INDEX browser_sessions_by_id ON browser_sessions (id);
  CREATE INDEX browser_sessions_by_subject ON browser_sessions (subject);
  CREATE INDEX browser_sessions_by_provider_session ON browser_sessions (provider_session)
    WHERE provider_session IS NOT NULL;
  CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
  CREATE INDEX browser_sessions_ended ON browser_sessions (id) WHERE ended_at IS NOT NULL;
`;
