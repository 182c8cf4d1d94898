import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where what Debian's packages bring lies. */
export type PocketsphinxPaths = {
  /** Shared libraries of pocketsphinx 0.8 to 5prealpha (soname 3). */
  readonly decoderLibrary: string;
  readonly baseLibrary: string;
  readonly acousticModel: string;
  readonly languageModel: string;
  readonly dictionary: string;
};

/** For `colloquy doctor` and error messages. */
export const INSTALL_POCKETSPHINX = "apt-get install libpocketsphinx3 pocketsphinx-en-us";

const MULTIARCH: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  arm: "arm-linux-gnueabihf",
  ia32: "i386-linux-gnu",
  riscv64: "riscv64-linux-gnu",
};

const LIBRARY_FOLDERS = [
  `/usr/lib/${MULTIARCH[process.arch] ?? ""}`,
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];
const MODEL_FOLDERS = [
  "/usr/share/pocketsphinx/model/en-us",
  "/usr/local/share/pocketsphinx/model/en-us",
];

/** The installed recogniser, or null where library or model is missing. */
export const findPocketsphinx = (
  libraryFolders: readonly string[] = LIBRARY_FOLDERS,
  modelFolders: readonly string[] = MODEL_FOLDERS,
): PocketsphinxPaths | null => {
  const first = (folders: readonly string[], name: string) =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
  const decoderLibrary = first(libraryFolders, "libpocketsphinx.so.3");
  const baseLibrary = first(libraryFolders, "libsphinxbase.so.3");
  const acousticModel = first(modelFolders, "en-us");
  const languageModel = first(modelFolders, "en-us.lm.bin");
  const dictionary = first(modelFolders, "cmudict-en-us.dict");
  if (!decoderLibrary || !baseLibrary || !acousticModel || !languageModel || !dictionary)
    return null;
  return { decoderLibrary, baseLibrary, acousticModel, languageModel, dictionary };
};
