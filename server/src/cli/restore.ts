import { constants } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkDatabaseFile, problemOfDatabaseFile } from "../adapters/stores/sqlite/backup.ts";
import { unpackFiles } from "../adapters/stores/sqlite/backup-files.ts";
import { DATABASE_FILE, LOCK_FILE } from "../adapters/stores/sqlite/beginning.ts";
import { lockDirectory } from "../adapters/stores/sqlite/lock.ts";
import { FILE_FOLDER } from "../wiring/files.ts";
import { POSTGRES_REMEDY, showGrowth, syncPath } from "./backup.ts";
import { type Command, readArguments, say, UsageError } from "./command.ts";
import { configOfProcess } from "./environment.ts";
import { INTERRUPTED_EXIT_CODE, interruption } from "./interruption.ts";
import { storageOf } from "./storage.ts";
import { bytesInWords, counted, fileProblem } from "./wording.ts";

const HELP = `colloquy restore: make a data folder of a file that 'colloquy backup' wrote

  colloquy restore colloquy-backup.db
  DATA_DIR=/var/lib/colloquy colloquy restore /backup/colloquy.db

The data folder must be empty, or not there yet, and no server may be using it:
nothing is ever overwritten. The file is checked first. With DATABASE_URL, use
pg_restore.
`;

export const restore: Command = async (args) => {
  const parsed = readArguments(args, {}, HELP, 1);
  if (!parsed) return 0;
  const [file] = parsed.positionals;
  if (file === undefined) throw new UsageError("Say which FILE to restore.");
  const { folder } = storageOf(configOfProcess());
  if (folder === null) throw new Error(POSTGRES_REMEDY);
  const size = await checkBackup(file);

  const names = await readdir(folder).catch((error): string[] => {
    if (error.code === "ENOENT") return [];
    throw fileProblem(error, `The data folder ${folder} (DATA_DIR)`);
  });
  // A server that runs there is what to be told of first.
  if (names.includes(LOCK_FILE)) lockDirectory(folder)[Symbol.dispose]();
  const others = names.filter((name) => name !== LOCK_FILE);
  if (others.length > 0)
    throw new Error(
      `The data folder ${folder} is not empty (${others.slice(0, 3).join(", ")}). Move it away, or restore into another one (DATA_DIR): nothing is overwritten.`,
    );

  await mkdir(folder, { recursive: true, mode: 0o700 });
  using _lock = lockDirectory(folder);
  using interrupted = interruption();
  let files = 0;
  const temporary = join(folder, `${DATABASE_FILE}.restoring`);
  try {
    {
      using _progress = showGrowth(temporary, size);
      await copyFile(file, temporary, constants.COPYFILE_EXCL);
    }
    await chmod(temporary, 0o600);
    await checkDatabaseFile(temporary, interrupted.signal).catch((error) => {
      if (interrupted.signal.aborted) throw error;
      throw new Error(`${file} cannot be restored: ${error.message}.`);
    });
    files = await unpackFiles(temporary, join(folder, FILE_FOLDER), interrupted.signal).catch(
      (error) => {
        if (interrupted.signal.aborted) throw error;
        throw new Error(`${file} cannot be restored: ${error.message}.`);
      },
    );
    await syncPath(temporary);
    interrupted.signal.throwIfAborted();
    await rename(temporary, join(folder, DATABASE_FILE));
    await syncPath(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    await rm(join(folder, FILE_FOLDER), { recursive: true, force: true });
    if (!interrupted.signal.aborted) throw fileProblem(error, folder);
    say(`Stopped; nothing was restored to ${folder}.`);
    return INTERRUPTED_EXIT_CODE;
  }
  const withFiles = files > 0 ? `, with ${counted(files, "file")} of users` : "";
  say(
    `Restored ${file} (${bytesInWords(size)}${withFiles}) to ${folder}. Start the server when you like.`,
  );
  return 0;
};

/** @returns its size in bytes. @throws Error in words for what is no backup */
async function checkBackup(file: string): Promise<number> {
  const there = await stat(file).catch((error) => {
    throw fileProblem(error, file);
  });
  if (!there.isFile()) throw new Error(`${file} is no file.`);
  const log = await stat(`${file}-wal`).catch(() => null);
  if (log !== null && log.size > 0)
    throw new Error(
      `${file} is no backup but a copy of a database: ${file}-wal beside it holds what came last. Put both into an empty data folder, as ${DATABASE_FILE} and ${DATABASE_FILE}-wal, and start the server.`,
    );
  const problem = problemOfDatabaseFile(file);
  if (problem !== null) throw new Error(`${file} ${problem}.`);
  return there.size;
}
