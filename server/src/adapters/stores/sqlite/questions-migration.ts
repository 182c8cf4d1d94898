/** Questions about calls of tools, replies that wait for their answers, and permissions that are remembered. */
export const QUESTIONS_MIGRATION = `
  -- The tools that an agent is offered, as a JSON array of labels; null: all.
  ALTER TABLE agents ADD COLUMN tools TEXT;
  -- Since when a reply waits, and no server has it; null: it does not.
  ALTER TABLE reply_steps ADD COLUMN parked_at INTEGER;
  CREATE TABLE tool_questions (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    source TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    arguments_sha256 TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decision TEXT,
    decided_at INTEGER,
    PRIMARY KEY (tenant_id, owner_id, reply_id, call_id)
  ) STRICT;
  CREATE INDEX tool_questions_open ON tool_questions (tenant_id, owner_id, asked_at)
    WHERE decision IS NULL;
  CREATE INDEX tool_questions_by_expiry ON tool_questions (expires_at) WHERE decision IS NULL;
  CREATE TRIGGER tool_questions_deleted AFTER DELETE ON messages
    WHEN old.role = 'assistant' AND (old.status = 'streaming' OR old.parts IS NOT NULL) BEGIN
    DELETE FROM tool_questions WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND reply_id = old.id;
  END;
  CREATE TABLE tool_grants (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    tool TEXT NOT NULL,
    conversation_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, id)
  ) STRICT;
  CREATE UNIQUE INDEX tool_grants_by_tool
    ON tool_grants (tenant_id, owner_id, source, tool, coalesce(conversation_id, ''));
  CREATE TRIGGER tool_grants_deleted AFTER DELETE ON conversations BEGIN
    DELETE FROM tool_grants WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND conversation_id = old.id;
  END;
  CREATE INDEX tool_grants_by_conversation ON tool_grants (conversation_id)
    WHERE conversation_id IS NOT NULL;
`;
