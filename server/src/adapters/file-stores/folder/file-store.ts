import { createHash, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../../domain/errors.ts";
import type { FileStore } from "../../../ports/file-store.ts";
import { toFileError } from "./failures.ts";

const SHA256 = /^[0-9a-f]{64}$/;
const PIECE_BYTES = 64 * 1024;

/**
 * The bytes of files in a folder, `ab/abcd…` by their SHA-256. What is being written has a name in `tmp`, and gets
 * its own once it is whole and on disk; the folders that got a new name are on disk then, too.
 */
export function folderFileStore(folder: string): FileStore {
  const unfinished = join(folder, "tmp");
  const pathOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) throw new Error("That is no SHA-256");
    return join(folder, sha256.slice(0, 2), sha256);
  };

  return {
    async put(stream, limitBytes) {
      const temporary = join(unfinished, randomUUID());
      try {
        await makeFolder(unfinished);
        const handle = await open(temporary, "wx", 0o600);
        let written: { readonly sha256: string; readonly bytes: number };
        try {
          written = await write(handle, stream, limitBytes);
          await handle.sync();
        } finally {
          await handle.close();
        }
        const path = pathOf(written.sha256);
        await makeFolder(dirname(path));
        await rename(temporary, path);
        await syncFolder(dirname(path));
        return written;
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw toFileError(error);
      }
    },

    async open(sha256, range) {
      try {
        const handle = await open(pathOf(sha256), "r");
        return handle.createReadStream({
          highWaterMark: PIECE_BYTES,
          ...(range && { start: range.first, end: range.last }),
        });
      } catch (error) {
        if (isMissing(error)) return null;
        throw toFileError(error);
      }
    },

    async delete(sha256, storedBefore, isNeeded) {
      const path = pathOf(sha256);
      const isOld = (found: Stats | null) => found !== null && found.mtime < storedBefore;
      if (!isOld(await statOf(path))) return false;
      // Whoever stores the same bytes from here on does not find these, and keeps his own.
      const taken = join(unfinished, `${sha256}.${randomUUID()}`);
      try {
        await makeFolder(unfinished);
        await rename(path, taken);
        if (isOld(await statOf(taken)) && !(await isNeeded())) {
          await rm(taken, { force: true });
          await syncFolder(dirname(path));
          return true;
        }
        await rename(taken, path);
        await syncFolder(dirname(path));
        return false;
      } catch (error) {
        if (isMissing(error)) return false;
        await rename(taken, path).catch(() => {});
        throw toFileError(error);
      }
    },

    async *list() {
      for await (const name of namesIn(folder)) {
        if (!/^[0-9a-f]{2}$/.test(name)) continue;
        for await (const sha256 of namesIn(join(folder, name))) {
          if (!SHA256.test(sha256)) continue;
          const found = await statOf(pathOf(sha256));
          if (found) yield { sha256, bytes: found.size, storedAt: found.mtime };
        }
      }
    },

    async forgetUnfinished(before) {
      for await (const name of namesIn(unfinished)) {
        const path = join(unfinished, name);
        const [sha256 = ""] = name.split(".");
        // A process that ended while it deleted these bytes may not have asked whether they are needed.
        if (SHA256.test(sha256)) {
          await rename(path, pathOf(sha256)).catch(() => {});
          continue;
        }
        const found = await statOf(path);
        if (found && found.mtime < before) await rm(path, { force: true });
      }
    },
  };
}

async function write(
  handle: FileHandle,
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > limitBytes) throw new AppError("too_large", "The file is too large");
    hash.update(piece);
    await handle.appendFile(piece);
  }
  return { sha256: hash.digest("hex"), bytes };
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** Null where there is nothing. @throws AppError unavailable */
async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw toFileError(error);
  }
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch (error) {
    if (!isMissing(error)) throw toFileError(error);
  }
}

/** Makes a folder for this user alone, with its name on disk. */
async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  for (let folder = path; folder.length >= made.length; folder = dirname(folder))
    await syncFolder(dirname(folder));
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
