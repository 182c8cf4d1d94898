import { ownerOnly } from "./owner-only.ts";

/**
 * The versions of questions and answers: branches of a conversation, of which a row names all but the first
 * (domain/branches.ts). The sequence of a message says its branch.
 */
export const BRANCHES_MIGRATION = `
  CREATE TABLE branches (
    tenant_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    branch bigint NOT NULL,
    parent_branch bigint NOT NULL,
    fork_sequence bigint NOT NULL,
    next_sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, conversation_id, branch)
  );
  ${ownerOnly("branches")}
  ALTER TABLE conversations ADD COLUMN active_branch bigint NOT NULL DEFAULT 0;
  ALTER TABLE conversations ADD COLUMN next_branch bigint NOT NULL DEFAULT 1;
`;
