/**
 * The versions of questions and answers: branches of a conversation, of which a row names all but the first
 * (domain/branches.ts). The sequence of a message says its branch.
 */
export const BRANCHES_MIGRATION = `
  CREATE TABLE branches (
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    branch INTEGER NOT NULL,
    parent_branch INTEGER NOT NULL,
    fork_sequence INTEGER NOT NULL,
    next_sequence INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, conversation_id, branch)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE conversations ADD COLUMN active_branch INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE conversations ADD COLUMN next_branch INTEGER NOT NULL DEFAULT 1;
`;
