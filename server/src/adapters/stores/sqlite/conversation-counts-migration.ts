/**
 * How many conversations an owner's lists have, so that a list need not count them. Triggers keep it: whatever makes,
 * pins, archives or deletes a conversation does so in the same transaction. A hidden conversation is in no list.
 */
export const CONVERSATION_COUNTS_MIGRATION = `
  CREATE TABLE conversation_counts (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    is_pinned INTEGER NOT NULL,
    is_archived INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, is_pinned, is_archived)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO conversation_counts (tenant_id, owner_id, is_pinned, is_archived, total)
    SELECT tenant_id, owner_id, is_pinned, is_archived, count(*) FROM conversations
    WHERE is_hidden = 0 GROUP BY tenant_id, owner_id, is_pinned, is_archived;
  CREATE TRIGGER conversations_counted AFTER INSERT ON conversations WHEN new.is_hidden = 0 BEGIN
    INSERT INTO conversation_counts (tenant_id, owner_id, is_pinned, is_archived, total)
      VALUES (new.tenant_id, new.owner_id, new.is_pinned, new.is_archived, 1)
      ON CONFLICT DO UPDATE SET total = total + 1;
  END;
  CREATE TRIGGER conversations_no_longer_counted AFTER DELETE ON conversations
    WHEN old.is_hidden = 0 BEGIN
    UPDATE conversation_counts SET total = total - 1
      WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
        AND is_pinned = old.is_pinned AND is_archived = old.is_archived;
  END;
  CREATE TRIGGER conversations_counted_elsewhere
    AFTER UPDATE OF is_pinned, is_archived, is_hidden ON conversations
    WHEN (new.is_pinned, new.is_archived, new.is_hidden)
      <> (old.is_pinned, old.is_archived, old.is_hidden) BEGIN
    UPDATE conversation_counts SET total = total - 1
      WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
        AND is_pinned = old.is_pinned AND is_archived = old.is_archived AND old.is_hidden = 0;
    INSERT INTO conversation_counts (tenant_id, owner_id, is_pinned, is_archived, total)
      SELECT new.tenant_id, new.owner_id, new.is_pinned, new.is_archived, 1 WHERE new.is_hidden = 0
      ON CONFLICT DO UPDATE SET total = total + 1;
  END;
`;
