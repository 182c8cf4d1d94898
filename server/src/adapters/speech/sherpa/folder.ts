import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** The files of a model folder. */
export type ModelFolder = {
  /** Name and contents in lower case, to look for what a model is called. */
  readonly words: string;
  /** The path of the first file or folder that fits; the smaller int8 form where there are both. */
  find(pattern: RegExp): string | undefined;
  /** All that fit. */
  findAll(pattern: RegExp): string[];
};

/** @throws Error when it is no folder that can be read */
export const openModelFolder = (folder: string): ModelFolder => {
  const names = readdirSync(folder).toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const findAll = (pattern: RegExp) =>
    names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
  return {
    words: [basename(folder), ...names].join(" ").toLowerCase(),
    find: (pattern) => findAll(pattern)[0],
    findAll,
  };
};

const rank = (name: string): number => (/\.int8\.onnx$/.test(name) ? 0 : 1);

/** Settings without what is not there: sherpa-onnx takes an empty name for a file. */
export const present = <T extends object>(settings: T): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
