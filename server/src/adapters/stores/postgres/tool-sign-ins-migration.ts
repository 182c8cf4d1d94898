/** The accounts that people have signed in to for their tools, and the questions that ask them to. */
export const TOOL_SIGN_INS_MIGRATION = `
  CREATE TABLE tool_sign_ins (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    -- Counts the changes of the tokens.
    version bigint NOT NULL,
    -- The tokens, encrypted; null: the person has not signed in.
    tokens text,
    signed_in_at bigint,
    -- Until when one server renews the tokens; null: none does.
    renewing_until bigint,
    -- A sign-in that has begun: the hash of its state, what it needs to end, encrypted, and its time.
    state_hash text COLLATE "C",
    begun text,
    begun_until bigint,
    PRIMARY KEY (tenant_id, owner_id, source)
  );
  CREATE INDEX tool_sign_ins_by_state ON tool_sign_ins (state_hash) WHERE state_hash IS NOT NULL;
  ALTER TABLE tool_sign_ins ENABLE ROW LEVEL SECURITY;
  ALTER TABLE tool_sign_ins FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON tool_sign_ins USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
  -- What the question asks for; null: whether the call may be made.
  ALTER TABLE tool_questions ADD COLUMN kind text;
`;
