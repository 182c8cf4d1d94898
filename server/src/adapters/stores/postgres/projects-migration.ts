/** Folders for conversations. Which files they have is also among `file_links`, as 2. */
export const PROJECTS_MIGRATION = `
  CREATE TABLE projects (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    instructions text COLLATE "C" NOT NULL,
    attachments text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  );
  ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
  ALTER TABLE projects FORCE ROW LEVEL SECURITY;
  CREATE POLICY owner_only ON projects USING (
    tenant_id = current_setting('colloquy.tenant_id', true)
      AND owner_id = current_setting('colloquy.owner_id', true)
    OR current_setting('colloquy.everyone', true) = 'on'
  );
  ALTER TABLE conversations ADD COLUMN project_id text COLLATE "C";
  CREATE INDEX conversations_by_project
    ON conversations (tenant_id, owner_id, project_id, updated_at, row_id)
    WHERE project_id IS NOT NULL;
`;
