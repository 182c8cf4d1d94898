import { ownerOnly } from "./owner-only.ts";

/** How far a reply of several steps has come (ReplySteps), as long as it is in progress. */
export const REPLY_STEPS_MIGRATION = `
  CREATE TABLE reply_steps (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    reply_id text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, reply_id),
    FOREIGN KEY (tenant_id, owner_id, reply_id) REFERENCES messages (tenant_id, owner_id, id)
      ON DELETE CASCADE
  );
  ${ownerOnly("reply_steps")}
`;
