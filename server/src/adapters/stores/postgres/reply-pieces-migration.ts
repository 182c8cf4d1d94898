import { ownerOnly } from "./owner-only.ts";

/** What was added to replies in progress. */
export const REPLY_PIECES_MIGRATION = `
  -- What was added to a reply in progress, a row a checkpoint, until its end puts the text into its own row.
  CREATE TABLE reply_pieces (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    reply_id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    content text NOT NULL,
    reasoning text NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, reply_id, number),
    FOREIGN KEY (tenant_id, owner_id, reply_id) REFERENCES messages (tenant_id, owner_id, id)
      ON DELETE CASCADE
  );
  ${ownerOnly("reply_pieces")}
  `;
