// Pictures and files that come inside a request, kept as files of its user.
import type { Files } from "../../core/files.ts";
import { AppError } from "../../domain/errors.ts";
import { type Attachment, attachmentOf, MAX_FILES_A_MESSAGE } from "../../domain/file.ts";
import type { Principal } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";

/** What a message brings besides its words. */
export type SentFile = {
  readonly kind: "image" | "file";
  readonly name: string | null;
  /** A data address in base64; any other is not kept. */
  readonly url: string;
};

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)[^,]{0,200};base64,/i;
const DATA_URL_HEAD_CHARACTERS = 500;
const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "application/pdf": "pdf",
  "text/plain": "txt",
};
/** What says no more than that there are bytes. */
const UNKNOWN_TYPE = "application/octet-stream";

/** @throws AppError those of Files.upload */
export async function keepFile(
  files: Pick<Files, "upload">,
  principal: Principal,
  { kind, name, url }: SentFile,
): Promise<Attachment> {
  const comma = url.indexOf(",");
  const mediaType = url.slice("data:".length, comma).split(";", 1)[0]?.toLowerCase() ?? "";
  const extension = EXTENSIONS[mediaType];
  const stored = await files.upload(principal, {
    name: (kind === "file" && name) || (extension ? `${kind}.${extension}` : kind),
    mediaType: mediaType === UNKNOWN_TYPE ? "" : mediaType,
    content: bytesOf(url, comma + 1),
    idempotency: null,
  });
  return attachmentOf(stored);
}

/**
 * Keeps those of the files that can be kept. One that cannot (an address, a kind that is not taken, a full quota, one too
 * many) was shown to the model all the same, and is left out.
 * @throws AppError unavailable, internal
 */
export async function keepWhatCanBe(
  files: Pick<Files, "upload" | "isOpen">,
  principal: Principal,
  sent: readonly SentFile[],
): Promise<readonly Attachment[]> {
  const kept: Attachment[] = [];
  if (!files.isOpen) return kept;
  for (const file of sent) {
    if (kept.length === MAX_FILES_A_MESSAGE) break;
    if (!DATA_URL.test(file.url.slice(0, DATA_URL_HEAD_CHARACTERS))) continue;
    try {
      kept.push(await keepFile(files, principal, file));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === "unavailable" || error.code === "internal") throw error;
    }
  }
  return kept;
}

/** A multiple of 4, since four characters of base64 are three bytes. */
const PIECE_CHARACTERS = 256 * 1024;

async function* bytesOf(url: string, start: number): AsyncGenerator<Uint8Array> {
  const pace = createPace();
  for (let at = start; at < url.length; at += PIECE_CHARACTERS) {
    yield Buffer.from(url.slice(at, at + PIECE_CHARACTERS), "base64");
    if (pace.isDue()) await pace.pause();
  }
}
