/** Folders for conversations. Which files they have is also among `file_links`, as 2. */
export const PROJECTS_MIGRATION = `
  CREATE TABLE projects (
    row_id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    instructions TEXT NOT NULL,
    attachments TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  ) STRICT;
  ALTER TABLE conversations ADD COLUMN project_id TEXT;
  CREATE INDEX conversations_by_project ON conversations (tenant_id, owner_id, project_id, updated_at)
    WHERE project_id IS NOT NULL;
`;
