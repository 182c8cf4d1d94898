import { ownerOnly } from "./owner-only.ts";

/** Links with which anybody reads a conversation up to a message. They go with the conversation. */
export const SHARES_MIGRATION = `
  CREATE TABLE shares (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL UNIQUE,
    conversation_id text COLLATE "C" NOT NULL,
    last_sequence bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, id),
    FOREIGN KEY (tenant_id, owner_id, conversation_id) REFERENCES conversations ON DELETE CASCADE
  );
  CREATE INDEX shares_by_conversation ON shares (tenant_id, owner_id, conversation_id);
  ${ownerOnly("shares")}
`;
