/** One of MIGRATIONS. */
export const COMMIT_MARKS_MIGRATION = `
  -- The last transaction of each writer, so that one whose answer was lost can be looked up. Changed
  -- with every transaction: the space left in a page keeps its rows in place.
  CREATE TABLE commit_marks (
    writer text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    marked_at timestamptz NOT NULL
  ) WITH (fillfactor = 20);
  `;
