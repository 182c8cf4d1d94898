/** The accounts that people have signed in to for their tools, and the questions that ask them to. */
export const TOOL_SIGN_INS_MIGRATION = `
  CREATE TABLE tool_sign_ins (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    source TEXT NOT NULL,
    -- Counts the changes of the tokens.
    version INTEGER NOT NULL,
    -- The tokens, encrypted; null: the person has not signed in.
    tokens TEXT,
    signed_in_at INTEGER,
    -- Until when one server renews the tokens; null: none does.
    renewing_until INTEGER,
    -- A sign-in that has begun: the hash of its state, what it needs to end, encrypted, and its time.
    state_hash TEXT,
    begun TEXT,
    begun_until INTEGER,
    PRIMARY KEY (tenant_id, owner_id, source)
  ) STRICT;
  CREATE UNIQUE INDEX tool_sign_ins_by_state ON tool_sign_ins (state_hash)
    WHERE state_hash IS NOT NULL;
  -- What the question asks for; null: whether the call may be made.
  ALTER TABLE tool_questions ADD COLUMN kind TEXT;
`;
