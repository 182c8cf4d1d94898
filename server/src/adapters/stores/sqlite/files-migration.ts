/** One of MIGRATIONS. */
export const FILES_MIGRATION = `
  -- Files: their rows; their bytes are in the file store. A message says in its own row which ones it was sent with,
  -- and the links follow from that, so that a file goes with the last message that has it.
  CREATE TABLE files (
    row_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    counted_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (id, owner_id, tenant_id)
  ) STRICT;
  CREATE INDEX files_by_owner ON files (tenant_id, owner_id, counted_bytes);
  CREATE INDEX files_by_digest ON files (sha256);
  CREATE INDEX files_by_creation ON files (created_at);
  CREATE TABLE file_links (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    is_replaced INTEGER NOT NULL,
    file_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, message_id, is_replaced, file_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_links_by_file ON file_links (file_id);
  ALTER TABLE messages ADD COLUMN attachments TEXT;
  ALTER TABLE replaced_messages ADD COLUMN attachments TEXT;
  CREATE TRIGGER messages_link_files AFTER INSERT ON messages WHEN new.attachments IS NOT NULL BEGIN
    INSERT OR IGNORE INTO file_links
      SELECT new.tenant_id, new.owner_id, new.id, 0, value ->> 'id' FROM json_each(new.attachments);
  END;
  CREATE TRIGGER replaced_messages_link_files AFTER INSERT ON replaced_messages
    WHEN new.attachments IS NOT NULL BEGIN
    INSERT OR IGNORE INTO file_links
      SELECT new.tenant_id, new.owner_id, new.id, 1, value ->> 'id' FROM json_each(new.attachments);
  END;
  CREATE TRIGGER messages_unlink_files AFTER DELETE ON messages WHEN old.attachments IS NOT NULL BEGIN
    DELETE FROM file_links WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND message_id = old.id AND is_replaced = 0;
  END;
  CREATE TRIGGER replaced_messages_unlink_files AFTER DELETE ON replaced_messages
    WHEN old.attachments IS NOT NULL BEGIN
    DELETE FROM file_links WHERE tenant_id = old.tenant_id AND owner_id = old.owner_id
      AND message_id = old.id AND is_replaced = 1;
  END;
  CREATE TRIGGER file_links_deleted AFTER DELETE ON file_links
    WHEN NOT EXISTS (SELECT 1 FROM file_links WHERE file_id = old.file_id
      AND tenant_id = old.tenant_id AND owner_id = old.owner_id) BEGIN
    DELETE FROM files WHERE id = old.file_id AND tenant_id = old.tenant_id
      AND owner_id = old.owner_id;
  END;
  `;
