import { addAbortListener } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileProblem } from "../wording.ts";
import { ImportProblem } from "./problem.ts";

/** A file whose beginning has been inspected. */
export type Source = Disposable & {
  readonly name: string;
  readonly format: "json-array" | "json-lines";
  /** The size in bytes; null if unknown. */
  readonly sizeBytes: number | null;
  /** The whole content without a byte order mark. It can be read once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The number of bytes read so far. */
  readBytes(): number;
};

const CHUNK_BYTES = 1024 * 1024;
const CHATGPT_FILES = /^conversations(?:-\d+)?\.json$/;

/** The files that are meant: the file itself, or a folder's conversations.json (or -000.json, -001.json, …). @throws ImportProblem */
export async function filesOf(path: string): Promise<string[]> {
  if (path === "-") return [path];
  const there = await stat(path).catch((error) => {
    throw new ImportProblem(fileProblem(error, path).message);
  });
  if (!there.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => CHATGPT_FILES.test(name)).toSorted();
  if (names.length === 0)
    throw new ImportProblem(
      `${path} is a folder without a conversations.json. Say which file to import.`,
    );
  return names.map((name) => join(path, name));
}

/**
 * @param path the path of the file; `-` is standard input
 * @param signal ends the reading when aborted, as if the file ended there
 * @throws ImportProblem
 */
export async function openSource(path: string, signal: AbortSignal): Promise<Source> {
  const isInput = path === "-";
  const name = isInput ? "Standard input" : basename(path);
  const there = isInput ? null : await stat(path).catch(() => null);
  const stream = isInput ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  addAbortListener(signal, () => stream.destroy());
  let readBytes = 0;
  const chunks = (async function* () {
    try {
      for await (const chunk of stream) {
        readBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw new ImportProblem(fileProblem(error, name).message);
    }
  })();

  const begun: Buffer[] = [];
  let format: Source["format"] | null = null;
  try {
    while (format === null) {
      const { value, done } = await chunks.next();
      if (done) throw new ImportProblem(`${name} is empty.`);
      const chunk = begun.length === 0 ? withoutMark(value, name, path) : value;
      begun.push(chunk);
      format = formatOf(chunk, name);
    }
  } catch (error) {
    stream.destroy();
    throw error;
  }
  return {
    name,
    format,
    sizeBytes: there?.isFile() ? there.size : null,
    readBytes: () => readBytes,
    [Symbol.dispose]: () => stream.destroy(),
    chunks: (async function* () {
      yield* begun;
      yield* chunks;
    })(),
  };
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const beginsWith = (chunk: Buffer, ...bytes: readonly number[]): boolean =>
  bytes.every((byte, place) => chunk[place] === byte);

/** @throws ImportProblem for what is packed, or text of another kind */
function withoutMark(chunk: Buffer, name: string, path: string): Buffer {
  if (beginsWith(chunk, 0x50, 0x4b, 0x03, 0x04))
    throw new ImportProblem(
      `${name} is a ZIP archive. Unpack it first, then import the folder:\n  unzip '${path}' 'conversations*.json' -d chatgpt-export\n  colloquy import chatgpt-export`,
    );
  if (beginsWith(chunk, 0x1f, 0x8b))
    throw new ImportProblem(
      `${name} is compressed. Unpack it on the way:\n  gunzip -c '${path}' | colloquy import -`,
    );
  if (beginsWith(chunk, 0xff, 0xfe) || beginsWith(chunk, 0xfe, 0xff))
    throw new ImportProblem(`${name} is written in UTF-16. Save it as UTF-8 first.`);
  return chunk.subarray(0, 3).equals(BYTE_ORDER_MARK) ? chunk.subarray(3) : chunk;
}

const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Null while there are only blanks. @throws ImportProblem */
function formatOf(chunk: Buffer, name: string): Source["format"] | null {
  const first = chunk.find((byte) => !BLANKS.has(byte));
  if (first === undefined) return null;
  if (first === OPENING_BRACKET) return "json-array";
  if (first === OPENING_BRACE) return "json-lines";
  throw new ImportProblem(
    `${name} is not JSON. 'colloquy import' reads what 'colloquy export' wrote, and the conversations.json of a ChatGPT export.`,
  );
}
