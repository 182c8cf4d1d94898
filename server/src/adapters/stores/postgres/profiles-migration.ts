import { ownerOnly } from "./owner-only.ts";

/** What people keep for all their conversations. */
export const PROFILES_MIGRATION = `
  CREATE TABLE profiles (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    instructions text COLLATE "C" NOT NULL,
    are_instructions_on integer NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (tenant_id, owner_id)
  );
  ${ownerOnly("profiles")}
`;
