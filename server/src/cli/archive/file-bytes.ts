import { once } from "node:events";
import { PassThrough } from "node:stream";
import { MAX_DOCUMENT_BYTES, type StoredFile } from "../../domain/file.ts";
import type { FileStore, StoredBytes } from "../../ports/file-store.ts";
import { bytesLine } from "./format.ts";
import type { Output } from "./output.ts";

/** In base64 each is a line of 512 KiB. */
const PIECE_BYTES = 384 * 1024;

/** Writes the bytes of files, which come in the order of their digests, once for all files that have them. */
export function fileBytesOutput(files: FileStore, output: Output) {
  let written: string | null = null;
  return {
    /** @returns false where the bytes are missing */
    async write({ sha256 }: StoredFile): Promise<boolean> {
      if (sha256 === written) return true;
      const content = await files.open(sha256, null);
      if (!content) return false;
      let held: Uint8Array[] = [];
      let heldBytes = 0;
      const flush = async () => {
        if (heldBytes > 0) await output.write(bytesLine(sha256, Buffer.concat(held)));
        held = [];
        heldBytes = 0;
      };
      for await (const piece of content) {
        held.push(piece);
        heldBytes += piece.length;
        if (heldBytes >= PIECE_BYTES) await flush();
      }
      await flush();
      written = sha256;
      return true;
    },
  };
}

type Coming = {
  readonly sha256: string;
  readonly stream: PassThrough;
  readonly stored: Promise<Pick<StoredBytes, "sha256" | "bytes">>;
};

/**
 * Takes the bytes of files as they come, before the files that have them.
 * @param files null: they are counted, and kept nowhere
 */
export function incomingFileBytes(files: FileStore | null) {
  let coming: Coming | null = null;
  let arrived: Pick<StoredBytes, "sha256" | "bytes"> | null = null;

  const begin = (sha256: string): Coming => {
    const stream = new PassThrough();
    const stored = files ? files.put(stream, MAX_DOCUMENT_BYTES) : countOf(sha256, stream);
    // Whoever waits for it is told.
    stored.catch(() => {});
    return { sha256, stream, stored };
  };
  const end = async (): Promise<void> => {
    if (!coming) return;
    const { stream, stored } = coming;
    coming = null;
    stream.end();
    arrived = await stored;
  };

  return {
    /** @throws AppError too_large, unavailable */
    async add(sha256: string, piece: Buffer): Promise<void> {
      if (coming?.sha256 !== sha256) {
        await end();
        coming = begin(sha256);
      }
      const { stream, stored } = coming;
      if (!stream.write(piece)) await Promise.race([once(stream, "drain"), stored]);
    },
    /** Whether the bytes of the file are there, as the file says. @throws AppError too_large, unavailable */
    async has({ sha256, bytes }: StoredFile): Promise<boolean> {
      await end();
      return arrived?.sha256 === sha256 && arrived.bytes === bytes;
    },
    /** What has not come whole is not kept. */
    [Symbol.dispose]() {
      coming?.stream.destroy();
    },
  };
}

async function countOf(sha256: string, stream: AsyncIterable<Uint8Array>) {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return { sha256, bytes };
}
