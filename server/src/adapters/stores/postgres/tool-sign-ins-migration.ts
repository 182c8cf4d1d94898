import { ownerOnly } from "./owner-only.ts";

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
  ${ownerOnly("tool_sign_ins")}
  -- What the question asks for; null: whether the call may be made.
  ALTER TABLE tool_questions ADD COLUMN kind text;
`;
