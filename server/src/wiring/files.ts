import { join, resolve } from "node:path";
import { folderFileStore } from "../adapters/file-stores/folder/file-store.ts";
import type { Config } from "../config/config.ts";
import type { FileStore } from "../ports/file-store.ts";

export const FILE_FOLDER = "files";

/** Where the bytes of files are kept, by the settings. */
const fileFolderOf = ({ dataDirectory }: Pick<Config, "dataDirectory">): string =>
  join(resolve(dataDirectory), FILE_FOLDER);

/** Null where several servers share what they store, and no folder: a file that one of them took, the others would not have. */
export function chooseFileStore(
  config: Pick<Config, "dataDirectory" | "redisUrl" | "isFileFolderShared">,
): FileStore | null {
  if (config.redisUrl && !config.isFileFolderShared) return null;
  return folderFileStore(fileFolderOf(config));
}
