import type { Files } from "../../core/files.ts";
import type { Attachment } from "../../domain/file.ts";
import { attachmentOf } from "../../domain/file.ts";
import type { Principal } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { refused, type SentFile } from "./body.ts";

/** Where wire 004 gives the bytes of a file, from this server's root. */
export const urlOfFile = (id: string): string => `/v1/chat/files/${id}/content`;

const STORED = /\/v1\/chat\/files\/([0-9a-f-]{36})\/content(?:\?|$)/i;
const DATA_URL = /^data:[^,]{0,200};base64,/i;
/** A multiple of four characters, decoded at once. */
const SLICE_CHARACTERS = 256 * 1024;

/** The id of a file that is stored here; null: the address is another one. */
export const storedFileIn = (url: string): string | null =>
  url.startsWith("data:") ? null : (STORED.exec(url)?.[1]?.toLowerCase() ?? null);

/**
 * The files that a message is to be stored with; those that it brings in its addresses are kept.
 * @param uploaded gets the ids of those, also where it fails
 * @throws AppError invalid_request and those of `Files.upload`
 */
export async function attachmentsOf(
  files: Files,
  principal: Principal,
  sent: readonly SentFile[],
  uploaded: string[],
): Promise<readonly Attachment[]> {
  const attachments: Attachment[] = [];
  for (const { url, mediaType, name, path } of sent) {
    const storedId = storedFileIn(url);
    if (storedId !== null) attachments.push(...(await files.attachments(principal, [storedId])));
    else if (!DATA_URL.test(url))
      throw refused(
        path,
        "Send a file as a data URL (data:image/png;base64,…), which is what useChat makes of it, or upload it at POST /v1/chat/files",
      );
    else {
      const content = bytesOf(url, path);
      const file = await files.upload(principal, { name, mediaType, content, idempotency: null });
      uploaded.push(file.id);
      attachments.push(attachmentOf(file));
    }
  }
  return attachments;
}

async function* bytesOf(url: string, path: string): AsyncGenerator<Uint8Array> {
  const start = DATA_URL.exec(url)?.[0].length ?? 0;
  const pace = createPace();
  for (let from = start; from < url.length; from += SLICE_CHARACTERS) {
    const slice = url.slice(from, from + SLICE_CHARACTERS);
    const isLast = from + SLICE_CHARACTERS >= url.length;
    if (!(isLast ? /^[\w+/-]*={0,2}$/ : /^[\w+/-]*$/).test(slice))
      throw refused(path, "The data URL is not base64");
    yield Buffer.from(slice, "base64");
    if (pace.isDue()) await pace.pause();
  }
}
