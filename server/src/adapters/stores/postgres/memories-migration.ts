import { ownerOnly } from "./owner-only.ts";

/** What models remember of people, and whether they may. */
export const MEMORIES_MIGRATION = `
  CREATE TABLE memories (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  );
  ${ownerOnly("memories")}
  ALTER TABLE profiles ADD COLUMN is_memory_on integer NOT NULL DEFAULT 0;
`;
