import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Of one row: a file is in as many as it needs. */
const PIECE_BYTES = 1024 * 1024;
const TABLE = "backup_files";

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !==
  undefined;

/** Where the bytes of that digest are, below the folder of files. */
const pathOf = (folder: string, sha256: string): string => join(folder, sha256.slice(0, 2), sha256);

const digestsIn = (database: DatabaseSync, table: string): string[] =>
  database
    .prepare(`SELECT DISTINCT sha256 FROM ${table} ORDER BY sha256`)
    .all()
    .map((row) => String(row.sha256));

/**
 * Puts the bytes of all files that a copy of a database has into that copy. What was deleted while the copy was made has
 * no bytes any more: the copy forgets it.
 * @returns how many files have bytes in it, and how many it forgot
 */
export async function packFiles(
  databaseFile: string,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly packed: number; readonly forgotten: number }> {
  const database = new DatabaseSync(databaseFile);
  try {
    if (!hasTable(database, "files")) return { packed: 0, forgotten: 0 };
    database.exec(
      `CREATE TABLE ${TABLE} (sha256 TEXT NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (sha256, number)) STRICT`,
    );
    const insert = database.prepare(`INSERT INTO ${TABLE} VALUES (?, ?, ?)`);
    const forget = database.prepare("DELETE FROM files WHERE sha256 = ?");
    let [packed, forgotten] = [0, 0];
    for (const sha256 of digestsIn(database, "files")) {
      signal.throwIfAborted();
      database.exec("BEGIN");
      try {
        let number = 0;
        const content = createReadStream(pathOf(folder, sha256), { highWaterMark: PIECE_BYTES });
        for await (const piece of content) insert.run(sha256, number++, piece);
        packed++;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
        forgotten += Number(forget.run(sha256).changes);
      }
      database.exec("COMMIT");
    }
    return { packed, forgotten };
  } finally {
    database.close();
  }
}

/**
 * Takes the bytes of files out of a copy that `packFiles` made, into that folder, and makes it a plain database.
 * @throws Error when bytes are not what their digest says
 */
export async function unpackFiles(
  databaseFile: string,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const database = new DatabaseSync(databaseFile);
  try {
    if (!hasTable(database, TABLE)) return 0;
    const select = database.prepare(
      `SELECT content FROM ${TABLE} WHERE sha256 = ? ORDER BY number`,
    );
    const digests = digestsIn(database, TABLE);
    for (const sha256 of digests) {
      signal.throwIfAborted();
      await writeFile(pathOf(folder, sha256), sha256, select.iterate(sha256));
    }
    for (const path of new Set(digests.map((sha256) => dirname(pathOf(folder, sha256)))))
      await sync(path);
    if (digests.length > 0) await sync(folder);
    database.exec(`DROP TABLE ${TABLE}`);
    database.exec("VACUUM");
    return digests.length;
  } finally {
    database.close();
  }
}

async function writeFile(
  path: string,
  sha256: string,
  rows: Iterable<Record<string, unknown>>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash("sha256");
  const handle: FileHandle = await open(`${path}.restoring`, "wx", 0o600);
  try {
    for (const { content } of rows) {
      if (!(content instanceof Uint8Array)) throw new Error("the bytes of a file are none");
      hash.update(content);
      await handle.appendFile(content);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (hash.digest("hex") !== sha256) throw new Error(`the file ${sha256} in it is damaged`);
  await rename(`${path}.restoring`, path);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
