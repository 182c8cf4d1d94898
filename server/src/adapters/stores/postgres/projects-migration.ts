import { ownerOnly } from "./owner-only.ts";

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
  ${ownerOnly("projects")}
  ALTER TABLE conversations ADD COLUMN project_id text COLLATE "C";
  CREATE INDEX conversations_by_project
    ON conversations (tenant_id, owner_id, project_id, updated_at, row_id)
    WHERE project_id IS NOT NULL;
`;
