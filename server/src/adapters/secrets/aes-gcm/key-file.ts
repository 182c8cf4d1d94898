import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../domain/errors.ts";

const FILE = "secrets.key";
const SECRET_BYTES = 32;
const KEY = /^[\w+/=-]{32,}$/u;
const OWNER_ALONE = 0o600;

/**
 * The key in the file `secrets.key` of that folder, which is made at its first use. Servers that share the folder get the
 * same one.
 * @throws AppError unavailable, which names the file
 */
export async function keyInFile(directory: string): Promise<string> {
  const path = join(directory, FILE);
  try {
    const key = (await readIfThere(path)) ?? (await make(directory, path));
    if (KEY.test(key)) return key;
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  throw unusable(path, "it holds no key");
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** The file is whole from the moment that it has its name, and the first server to name it wins. */
async function make(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const own = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(own, "wx", OWNER_ALONE);
  try {
    await file.writeFile(`${randomBytes(SECRET_BYTES).toString("base64url")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(own, path).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  await rm(own);
  const folder = await open(directory, "r");
  await folder.sync().finally(() => folder.close());
  return (await readFile(path, "utf8")).trim();
}

const unusable = (path: string, why: string): AppError =>
  new AppError(
    "unavailable",
    `The key of stored secrets cannot be read from ${path} (${why}). Restore the file, or set SECRETS_KEY`,
  );
