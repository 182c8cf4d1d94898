/**
 * Long texts in pieces (search-pieces.ts): the piece of a pending text that is next, and what a deleted message takes
 * with it. Texts that are in the index whole stay there as they are.
 */
export const SEARCH_PIECES_MIGRATION = `
  ALTER TABLE search_pending ADD COLUMN next_piece INTEGER NOT NULL DEFAULT 0;
  CREATE TRIGGER messages_pieces_deleted AFTER DELETE ON messages
    WHEN EXISTS (SELECT 1 FROM search_index_docsize
      WHERE id >= -(old.row_id * 2 * 4096) AND id < -(old.row_id * 2 * 4096) + 4096) BEGIN
    DELETE FROM search_index WHERE rowid IN (SELECT id FROM search_index_docsize
      WHERE id >= -(old.row_id * 2 * 4096) AND id < -(old.row_id * 2 * 4096) + 4096);
  END;
`;
