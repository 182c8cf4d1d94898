/** How far a reply of several steps has come (ReplySteps), as long as it is in progress. */
export const REPLY_STEPS_MIGRATION = `
  CREATE TABLE reply_steps (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, reply_id)
  ) STRICT;
  CREATE TRIGGER reply_steps_deleted AFTER DELETE ON messages WHEN old.status = 'streaming' BEGIN
    DELETE FROM reply_steps WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND reply_id = old.id;
  END;
`;
