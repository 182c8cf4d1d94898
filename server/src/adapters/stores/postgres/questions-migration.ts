import { ownerOnly } from "./owner-only.ts";

/** A migration that was released stays as it was, to the blank line. */
const ofOwners = (table: string) => `
  ${ownerOnly(table)}
`;

/** Questions about calls of tools, replies that wait for their answers, and permissions that are remembered. */
export const QUESTIONS_MIGRATION = `
  -- The tools that an agent is offered, as a JSON array of labels; null: all.
  ALTER TABLE agents ADD COLUMN tools text;
  -- Since when a reply waits, and no server has it; null: it does not.
  ALTER TABLE reply_steps ADD COLUMN parked_at bigint;
  -- The server that takes a reply which waited has it.
  CREATE FUNCTION reply_taken() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE messages SET replica = nullif(current_setting('colloquy.replica', true), '')::bigint
      WHERE tenant_id = new.tenant_id AND owner_id = new.owner_id AND id = new.reply_id;
    RETURN NULL;
  END $$;
  CREATE TRIGGER reply_taken AFTER UPDATE OF parked_at ON reply_steps FOR EACH ROW
    WHEN (old.parked_at IS NOT NULL AND new.parked_at IS NULL) EXECUTE FUNCTION reply_taken();
  CREATE TABLE tool_questions (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    reply_id text COLLATE "C" NOT NULL,
    call_id text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    source text NOT NULL,
    tool text NOT NULL,
    arguments text NOT NULL,
    arguments_sha256 text NOT NULL,
    asked_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    decision text,
    decided_at bigint,
    PRIMARY KEY (tenant_id, owner_id, reply_id, call_id),
    FOREIGN KEY (tenant_id, owner_id, reply_id) REFERENCES messages (tenant_id, owner_id, id)
      ON DELETE CASCADE
  );
  CREATE INDEX tool_questions_open ON tool_questions (tenant_id, owner_id, asked_at)
    WHERE decision IS NULL;
  CREATE INDEX tool_questions_by_expiry ON tool_questions (expires_at) WHERE decision IS NULL;
  ${ofOwners("tool_questions")}
  CREATE TABLE tool_grants (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    source text NOT NULL,
    tool text NOT NULL,
    conversation_id text COLLATE "C",
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, id),
    FOREIGN KEY (tenant_id, owner_id, conversation_id) REFERENCES conversations ON DELETE CASCADE
  );
  CREATE UNIQUE INDEX tool_grants_by_tool
    ON tool_grants (tenant_id, owner_id, source, tool, coalesce(conversation_id, ''));
  CREATE INDEX tool_grants_by_conversation ON tool_grants (tenant_id, owner_id, conversation_id);
  ${ofOwners("tool_grants")}
`;
