import { lstat, open, rename, rm } from "node:fs/promises";
import { fileProblem } from "../wording.ts";

/** A destination for text. */
export type Output = AsyncDisposable & {
  /** Resolves when the destination can take more; false if nobody reads it any more. */
  write(text: string): Promise<boolean>;
  /** Completes the output. A file only appears after this call. */
  finish(): Promise<void>;
};

const CHUNK_CHARACTERS = 256 * 1024;

export function standardOutput(): Output {
  let isRead = true;
  const buffer = buffered(async (text) => {
    if (!isRead) return;
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
      process.stdout.write(text, resolve);
    });
    if (error && error.code !== "EPIPE") throw fileProblem(error, "Standard output");
    isRead = !error;
  });
  return {
    async write(text) {
      await buffer.add(text);
      return isRead;
    },
    finish: buffer.flush,
    async [Symbol.asyncDispose]() {},
  };
}

/**
 * A file that only this user may read. It appears under its name when it is complete and on disk.
 * @param replaces what may be there already
 * @throws Error in words
 */
export async function fileOutput(path: string, replaces: boolean): Promise<Output> {
  await checkPlace(path, replaces);
  const temporaryPath = `${path}.${process.pid}.partial`;
  const failure = (error: unknown) => fileProblem(error, path);
  const file = await open(temporaryPath, "wx", 0o600).catch((error) => {
    throw failure(error);
  });
  const buffer = buffered(async (text) => {
    await file.appendFile(text).catch((error) => {
      throw failure(error);
    });
  });
  let isFinished = false;
  return {
    async write(text) {
      await buffer.add(text);
      return true;
    },
    async finish() {
      await buffer.flush();
      await file.sync();
      await file.close();
      await rename(temporaryPath, path);
      isFinished = true;
    },
    async [Symbol.asyncDispose]() {
      if (isFinished) return;
      await file.close().catch(() => {});
      await rm(temporaryPath, { force: true });
    },
  };
}

async function checkPlace(path: string, replaces: boolean): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (!there) return;
  if (there.isDirectory()) throw new Error(`${path} is a folder; say the name of a file in it.`);
  if (!there.isFile())
    throw new Error(`${path} is no ordinary file. Leave FILE out to write to standard output.`);
  if (!replaces)
    throw new Error(`${path} exists already. Choose another name, or add --force to replace it.`);
}

function buffered(write: (text: string) => Promise<void>) {
  let waiting = "";
  const flush = async () => {
    const text = waiting;
    waiting = "";
    if (text) await write(text);
  };
  return {
    flush,
    async add(text: string) {
      waiting += text;
      if (waiting.length >= CHUNK_CHARACTERS) await flush();
    },
  };
}
