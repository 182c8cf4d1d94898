/** Links with which people sign in, once, and what their sessions have of them. */
export const INVITATIONS_MIGRATION = `
  CREATE TABLE invitations (
    id text COLLATE "C" PRIMARY KEY,
    hash text COLLATE "C" NOT NULL UNIQUE,
    name text COLLATE "C" NOT NULL,
    invited_by text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    is_operator integer NOT NULL,
    models text COLLATE "C",
    session_ms bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    accepted_at bigint,
    over_at bigint NOT NULL
  );
  CREATE INDEX invitations_by_end ON invitations (over_at);
  ALTER TABLE browser_sessions ADD COLUMN invitation_id text COLLATE "C";
  ALTER TABLE browser_sessions ADD COLUMN models text COLLATE "C";
  CREATE INDEX browser_sessions_by_invitation ON browser_sessions (invitation_id)
    WHERE invitation_id IS NOT NULL;
`;
