import { closeSync, openSync } from "node:fs";
import { lstat, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkDatabaseFile, copyDatabase } from "../adapters/stores/sqlite/backup.ts";
import { packFiles } from "../adapters/stores/sqlite/backup-files.ts";
import {
  DATABASE_FILE,
  REMEDY_FOR_REMAINS,
  remainsOfDatabase,
} from "../adapters/stores/sqlite/beginning.ts";
import { FILE_FOLDER } from "../wiring/files.ts";
import { type Command, readArguments, say, UsageError } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { INTERRUPTED_EXIT_CODE, interruption } from "./interruption.ts";
import { showProgress } from "./progress.ts";
import { storageOf } from "./storage.ts";
import { bytesInWords, counted, fileProblem } from "./wording.ts";

const HELP = `colloquy backup: write the whole data folder to one file, while the server runs

  colloquy backup colloquy-backup.db
  DATA_DIR=/var/lib/colloquy colloquy backup --force /backup/colloquy.db

  --force    replace FILE if it is there

The file holds everything that was acknowledged before it was begun, keys and
the files of users included, for you alone (mode 0600). It is checked, and
appears once it is whole and on disk. 'colloquy restore' takes it. Copying
${DATABASE_FILE} itself is no backup: what was said last is in ${DATABASE_FILE}-wal.
With DATABASE_URL, use pg_dump.
`;

const PROGRESS_MS = 200;

export const POSTGRES_REMEDY =
  "With DATABASE_URL everything but the files of users is in PostgreSQL, which has its own tools: pg_dump --format=custom --file=FILE DATABASE, and pg_restore. Copy DATA_DIR/files right after the dump. 'colloquy export' writes conversations as JSON Lines.";

export const backup: Command = async (args) => {
  const parsed = readArguments(args, { force: { type: "boolean", default: false } }, HELP, 1);
  if (!parsed) return 0;
  const [file] = parsed.positionals;
  if (file === undefined) throw new UsageError("Say which FILE to write.");
  const { folder } = storageOf(configOfProcess());
  if (folder === null) throw new Error(POSTGRES_REMEDY);
  const remains = remainsOfDatabase(folder);
  if (remains !== null) throw new Error(`${remains} ${REMEDY_FOR_REMAINS}`);
  const database = join(folder, DATABASE_FILE);
  const size = await stat(database).then(
    (there) => there.size,
    () => null,
  );
  if (size === null)
    throw new Error(
      `There is nothing to back up: no server has stored anything in ${folder} (DATA_DIR).`,
    );
  const there = await lstat(file).catch(() => null);
  if (there?.isDirectory()) throw new Error(`${file} is a folder; say the name of a file in it.`);
  if (there && !parsed.values.force)
    throw new Error(`${file} exists already. Choose another name, or add --force to replace it.`);

  const temporary = `${file}.${process.pid}.partial`;
  using interrupted = interruption();
  let files = { packed: 0, forgotten: 0 };
  try {
    closeSync(openSync(temporary, "wx", 0o600));
    {
      using _progress = showGrowth(temporary, size);
      await copyDatabase(database, temporary, interrupted.signal);
      files = await packFiles(temporary, join(folder, FILE_FOLDER), interrupted.signal);
    }
    await checkDatabaseFile(temporary, interrupted.signal);
    await syncPath(temporary);
    await rename(temporary, file);
    await syncPath(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    if (!interrupted.signal.aborted) throw fileProblem(error, file);
    say(`Stopped; ${file} was not made.`);
    return INTERRUPTED_EXIT_CODE;
  }
  const { size: bytes } = await stat(file);
  say(
    `Backed up ${folder} to ${file} (${bytesInWords(bytes)}${files.packed ? `, with ${counted(files.packed, "file")} of users` : ""}).`,
  );
  if (files.forgotten > 0)
    say(
      `${counted(files.forgotten, "file")} had no bytes in ${join(folder, FILE_FOLDER)}, deleted meanwhile or missing before: the backup leaves them out.`,
    );
  return 0;
};

/** Shows the growing size of a file that is written elsewhere. */
export function showGrowth(path: string, expectedBytes: number): Disposable {
  const progress = showProgress(expectedBytes);
  const timer = setInterval(() => {
    void stat(path).then(
      ({ size }) => progress.update(size, bytesInWords(size)),
      () => {},
    );
  }, PROGRESS_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      progress[Symbol.dispose]();
    },
  };
}

/** Waits until a file, or the names in a folder, are on disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
