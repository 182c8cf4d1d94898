import { ownerOnly } from "./owner-only.ts";

/** The texts that people keep in order to send them again. */
export const PROMPTS_MIGRATION = `
  CREATE TABLE prompts (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id, id)
  );
  ${ownerOnly("prompts")}
`;
